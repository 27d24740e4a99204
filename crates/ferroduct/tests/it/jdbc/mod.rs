//! Databases and Kafka through the whole worker.

mod distributed;
mod examples;
mod late;
mod mariadb;
mod sink;
mod source;
mod sqlite;
mod stories;
