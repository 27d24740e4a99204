//! Databases and Kafka through the whole worker.

mod late;
mod mariadb;
mod sink;
mod source;
mod sqlite;
mod stories;
