"""Mail: what is said in an e-mail, in which words, and how a server is handed it."""
