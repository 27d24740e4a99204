//! Databases and Kafka through the whole worker.

mod late;
mod mariadb;
mod once;
mod sink;
mod source;
