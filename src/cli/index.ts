/** Commands: what a person types and what he is shown. Asks the running node over its API; starts programs of the daemon through a port. */
