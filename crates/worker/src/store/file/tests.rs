use std::os::unix::fs::{MetadataExt, PermissionsExt};

use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::{collection, prop_assert_eq, proptest};
use tempfile::TempDir;

use super::*;

const JAVA: &[u8] = include_bytes!("../testdata/java-offsets.bin");

fn directory_of_test() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("connect.offsets");
    (directory, path)
}

fn partition(file: &str) -> Arc<SourcePartition> {
    Arc::new(SourcePartition::of("filename", file))
}

fn position(position: u64) -> Option<SourceOffset> {
    Some(SourceOffset::of("position", position))
}

/// Names of the files in a directory, sorted.
fn files(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The words of the error that opening a file with this content ends with.
fn refused(content: &[u8]) -> String {
    let (_directory, path) = directory_of_test();
    fs::write(&path, content).expect("write");
    let error = FileStore::open(&path).err().expect("refused").to_string();
    let rest = error.strip_prefix(&format!("cannot read the offset file `{}`: ", path.display()));
    let rest = rest.expect("the file is named").split("; hint: ").next().expect("words").to_owned();
    assert_eq!(fs::read(&path).expect("read"), content, "a damaged file is left as it is");
    rest
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let (directory, path) = directory_of_test();
    let store = FileStore::open(&path).expect("a missing file is an empty one");
    assert!(files(&directory).is_empty());
    store
        .write("a", vec![(partition("x"), position(1)), (partition("y"), position(2))])
        .await
        .expect("write");
    store.write("b", vec![(partition("x"), position(3))]).await.expect("write");
    store.write("a", vec![(partition("y"), None), (partition("x"), position(9))]).await.expect("write");

    let again = FileStore::open(&path).expect("open");
    assert_eq!(again.read("a", &partition("x")).await.expect("read"), position(9));
    assert_eq!(again.read("a", &partition("y")).await.expect("read"), None);
    assert_eq!(
        again.all("b").await.expect("read"),
        [(partition("x").as_ref().clone(), position(3).expect("an offset"))]
    );
    assert_eq!(again.all("c").await.expect("read"), []);
    assert_eq!(files(&directory), ["connect.offsets"]);
}

#[tokio::test]
async fn the_file_is_the_one_of_the_docs() {
    let (_directory, path) = directory_of_test();
    let store = FileStore::open(&path).expect("open");
    store.write("file-source", vec![(partition("/var/log/ä\n.txt"), position(42))]).await.expect("write");
    let content = fs::read_to_string(&path).expect("read");
    assert_eq!(
        content,
        "ferroduct-offsets 1\n[\"file-source\",{\"filename\":\"/var/log/ä\\n.txt\"}]\t{\"position\":42}\nend 1\n"
    );
}

#[tokio::test]
async fn the_file_of_a_java_worker_is_taken_over_and_kept() {
    let (directory, path) = directory_of_test();
    fs::write(&path, JAVA).expect("write");
    let store = FileStore::open(&path).expect("open");
    assert_eq!(store.read("local-file-source", &partition("test.txt")).await.expect("read"), position(42));
    assert_eq!(store.read("umlaut", &partition("ä\"")).await.expect("read"), position(9_007_199_254_740_993));
    assert_eq!(store.read("gone", &partition("x")).await.expect("read"), None);
    // In another order of keys than Java wrote them in.
    let reordered = serde_json::from_str(r#"{"topic":"t","partition":0,"cluster":"a"}"#).expect("JSON");
    assert_eq!(store.read("mirror", &reordered).await.expect("read"), Some(SourceOffset::of("offset", 7)));
    assert_eq!(fs::read(&path).expect("read"), JAVA, "nothing is written before there is something to write");

    store
        .write("mirror", vec![(Arc::new(reordered), Some(SourceOffset::of("offset", 8)))])
        .await
        .expect("write");
    assert_eq!(files(&directory), ["connect.offsets", "connect.offsets.java-backup"]);
    assert_eq!(fs::read(directory.path().join("connect.offsets.java-backup")).expect("read"), JAVA);
    let content = fs::read_to_string(&path).expect("read");
    assert!(
        content
            .contains("[\"mirror\",{\"cluster\":\"a\",\"partition\":0,\"topic\":\"t\"}]\t{\"offset\":8}\n")
    );
    let again = FileStore::open(&path).expect("open");
    assert_eq!(again.read("local-file-source", &partition("test.txt")).await.expect("read"), position(42));
}

#[tokio::test]
async fn a_write_that_changes_nothing_leaves_the_file_alone() {
    let (_directory, path) = directory_of_test();
    let store = FileStore::open(&path).expect("open");
    store.write("a", vec![(partition("x"), position(1))]).await.expect("write");
    let inode = fs::metadata(&path).expect("metadata").ino();
    store.write("a", vec![(partition("x"), position(1)), (partition("z"), None)]).await.expect("write");
    assert_eq!(fs::metadata(&path).expect("metadata").ino(), inode);
    store.write("a", vec![(partition("x"), position(2))]).await.expect("write");
    assert_ne!(fs::metadata(&path).expect("metadata").ino(), inode);
}

#[tokio::test]
async fn writes_that_come_together_all_count() {
    let (_directory, path) = directory_of_test();
    let store = FileStore::open(&path).expect("open");
    let writes = (0..200).map(|number| {
        let (store, partition) = (store.clone(), partition(&number.to_string()));
        async move { store.write("a", vec![(partition, position(number))]).await }
    });
    assert!(join_all(writes).await.iter().all(Result::is_ok));
    assert_eq!(FileStore::open(&path).expect("open").all("a").await.expect("read").len(), 200);
}

#[test]
fn a_writer_that_is_given_up_takes_nobody_with_it() {
    let (_directory, path) = directory_of_test();
    let store = FileStore::open(&path).expect("open");
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build();
    runtime.expect("a runtime").block_on(async {
        // The only thread that could write is busy, so that the first writer surely waits.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || released.recv());
        let mut first = Box::pin(store.write("a", vec![(partition("x"), position(1))]));
        assert!(first.as_mut().now_or_never().is_none());
        let second = store.write("a", vec![(partition("y"), position(2))]);
        drop((first, release));
        busy.await.expect("it ends").expect_err("it was let go");
        second.await.expect("write");
    });
    let store = FileStore::open(&path).expect("open");
    assert_eq!(store.all("a").now_or_never().expect("at once").expect("read").len(), 2);
}

#[tokio::test]
async fn a_write_that_fails_is_told_and_leaves_what_was_there() {
    let (directory, path) = directory_of_test();
    let store = FileStore::open(&path).expect("open");
    store.write("a", vec![(partition("x"), position(1))]).await.expect("write");
    // A directory in the place of the temporary file lets nobody write, whoever runs the test.
    let obstacle = directory.path().join("connect.offsets.tmp");
    fs::create_dir(&obstacle).expect("a directory");
    let error = store.write("a", vec![(partition("x"), position(2))]).await.expect_err("no write");
    assert!(error.to_string().starts_with(&format!("cannot write the offset file `{}`: ", path.display())));
    assert_eq!(error.reaction(), api::Reaction::Retry);
    assert_eq!(store.read("a", &partition("x")).await.expect("read"), position(1));
    fs::remove_dir(&obstacle).expect("no directory");
    store.write("a", vec![(partition("x"), position(2))]).await.expect("write");
    assert_eq!(
        FileStore::open(&path).expect("open").read("a", &partition("x")).await.expect("read"),
        position(2)
    );
}

#[tokio::test]
async fn permissions_are_kept_and_links_are_followed() {
    let (directory, path) = directory_of_test();
    let real = directory.path().join("real");
    fs::write(&real, "").expect("an empty file");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    std::os::unix::fs::symlink(&real, &path).expect("a link");
    let store = FileStore::open(&path).expect("an empty file has no offsets");
    store.write("a", vec![(partition("x"), position(1))]).await.expect("write");
    assert!(fs::symlink_metadata(&path).expect("metadata").is_symlink());
    assert_eq!(fs::metadata(&real).expect("metadata").permissions().mode() & 0o777, 0o640);
    assert_eq!(files(&directory), ["connect.offsets", "real"]);
}

#[test]
fn a_place_that_cannot_be_written_is_told_at_the_start() {
    let (directory, path) = directory_of_test();
    let missing = directory.path().join("missing/connect.offsets");
    let error = FileStore::open(&missing).err().expect("refused").to_string();
    let expected = format!(
        "cannot write the offset file `{}`: there is no directory `{}`",
        missing.display(),
        directory.path().join("missing").display()
    );
    assert_eq!(error, expected);
    let error = FileStore::open(directory.path()).err().expect("refused").to_string();
    assert!(error.ends_with("it is a directory"), "{error}");
    fs::create_dir(directory.path().join("connect.offsets.tmp")).expect("a directory");
    let error = format!("{:#}", FileStore::open(&path).err().expect("refused"));
    assert!(error.starts_with(&format!("cannot write the offset file `{}`: ", path.display())), "{error}");
}

#[test]
fn a_damaged_file_is_refused_with_words() {
    let good = b"ferroduct-offsets 1\n[\"a\",{\"f\":1}]\t{\"p\":1}\n[\"a\",{\"f\":2}]\t{\"p\":2}\nend 2\n";
    for length in 20..good.len() {
        let words = refused(&good[..length]);
        assert!(words == "it is cut off: the last line `end` is missing", "{length}: {words}");
    }
    let cases: [(&[u8], &str); 6] = [
        (b"hello\n", "its first line is not `ferroduct-offsets 1`, and it is no file of a Java worker"),
        (b"ferroduct-offsets 1\nend 1\n", "it has 0 entries, and its last line tells of 1"),
        (b"ferroduct-offsets 1\nend x\n", "it has 0 entries, and its last line tells of x"),
        (b"ferroduct-offsets 1\n[1\t{}\nend 1\n", "line 2 is not a JSON key, a tab and a JSON value"),
        (b"ferroduct-offsets 1\n[1]\nend 1\n", "line 2 is not a JSON key, a tab and a JSON value"),
        (b"ferroduct-offsets 1\nend 0\nx", "there is something behind its last line `end`"),
    ];
    for (content, expected) in cases {
        assert_eq!(refused(content), expected);
    }
}

#[test]
fn a_damaged_file_of_a_java_worker_is_refused_with_words() {
    for length in 2..JAVA.len() {
        let words = refused(&JAVA[..length]);
        assert_eq!(words, "it is a file of a Java worker, and it is cut off");
    }
    let longer = [JAVA, b"x"].concat();
    assert_eq!(refused(&longer), "it is a file of a Java worker, and something follows the map");
    let text = include_bytes!("../testdata/java-text-key.bin");
    assert_eq!(refused(text), "it is a file of a Java worker, and an entry is no byte array");
}

#[tokio::test]
async fn other_files_of_java_are_read() {
    let empty = include_bytes!("../testdata/java-empty.bin");
    assert_eq!(java::read(empty).expect("a map").raw().count(), 0);
    let shared = java::read(include_bytes!("../testdata/java-shared-array.bin")).expect("a map");
    assert_eq!(shared.of("a").len(), 2);
}

#[test]
fn entries_of_others_are_kept() {
    let content = b"ferroduct-offsets 1\n[\"a\",null]\t{\"p\":1}\n\"b\"\tnull\nend 2\n";
    let entries = format::read(content).expect("entries");
    assert_eq!(entries.foreign_count(), 2);
    assert_eq!(format::write(&entries), content);
}

proptest! {
    #[test]
    fn no_bytes_upset_the_readers(mut bytes in collection::vec(proptest::num::u8::ANY, 0..300), cut in 0..400_usize) {
        let _ = format::read(&bytes);
        let _ = java::read(&bytes);
        let mut damaged = JAVA[..cut.min(JAVA.len())].to_vec();
        damaged.append(&mut bytes);
        let _ = java::read(&damaged);
    }

    #[test]
    fn any_offsets_survive_a_file(
        offsets in collection::btree_map((".*", ".*"), 0..i64::MAX, 0..20)
    ) {
        let mut entries = Entries::default();
        for ((connector, file), offset) in &offsets {
            entries.set(connector, &SourcePartition::of("f\t", file.as_str()), Some(&SourceOffset::of("p", *offset)));
        }
        let again = format::read(&format::write(&entries)).expect("entries");
        prop_assert_eq!(again, entries);
    }
}
