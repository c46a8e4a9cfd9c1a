"""Events over Apache Kafka: what the relays hand on goes into topics, and each component's group reads them."""
