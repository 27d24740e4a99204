use std::fs;

use tokio::time::timeout;

use super::{INTERVAL, Watch, known};

#[tokio::test]
async fn wakes_whoever_waits_for_a_file_that_has_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("input.txt");
    let watch = Watch::default();
    let (appeared, ()) =
        tokio::join!(watch.changed(&path, None), async { fs::write(&path, "one\n").unwrap() });
    appeared.unwrap();
    let before = fs::metadata(&path).unwrap();
    let (grown, ()) = tokio::join!(watch.changed(&path, Some(known(&before))), async {
        fs::write(&path, "one\ntwo\n").unwrap();
    });
    grown.unwrap();
    let (removed, ()) = tokio::join!(watch.changed(&path, Some(known(&before))), async {
        fs::remove_file(&path).unwrap();
    });
    removed.unwrap();
}

#[tokio::test]
async fn forgets_who_no_longer_waits() {
    let watch = Watch::default();
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    let waited = timeout(INTERVAL * 2, watch.changed(&missing, None)).await;
    assert!(waited.is_err(), "nothing has changed");
    while watch.files.lock().watched {
        tokio::time::sleep(INTERVAL).await;
    }
    assert!(watch.files.lock().waiting.is_empty());
}
