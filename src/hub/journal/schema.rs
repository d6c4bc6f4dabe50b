//! The journal's tables, and how older files become current ones: forward only, a transaction a step, a copy first.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, TransactionBehavior};

use super::errors::OpenError;

/// Marks the file as ours (`WFJL`), so that nobody's other database is migrated by accident.
pub const APPLICATION_ID: i32 = 0x5746_4A4C;

/// Each step from schema N-1 to N, for ever: a released step is never edited, a change is a new step.
pub const MIGRATIONS: &[&str] = &[
    // 1: integers are the bits of the unsigned number. Rows and subjects keep their data in the key's tree.
    "CREATE TABLE meta(
        id INTEGER PRIMARY KEY CHECK (id = 0), fleet TEXT NOT NULL, epoch INTEGER NOT NULL,
        head INTEGER NOT NULL, head_hash BLOB NOT NULL) STRICT;
     CREATE TABLE entries(
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
     CREATE TABLE subjects(
        subject TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (subject, revision)) STRICT, WITHOUT ROWID;
     CREATE TABLE state(
        tbl INTEGER NOT NULL, key BLOB NOT NULL, sum BLOB NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY (tbl, key)) STRICT, WITHOUT ROWID;
     CREATE TABLE blobs(
        id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, stored_at INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
     CREATE INDEX blobs_by_age ON blobs(kind, stored_at);",
];

/// Pages copied between two looks at the lock; all of a small journal at once.
const COPY_STEP: i32 = 4096;

/// The schema of an opened file, 0 for a new one; it only reads, so a file that is not ours stays untouched.
pub fn recognise(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<u32, OpenError> {
    let fail = |doing| {
        move |source| match source {
            rusqlite::Error::SqliteFailure(failure, _) if failure.code == rusqlite::ErrorCode::NotADatabase => {
                OpenError::NotAJournal { path: path.to_owned() }
            }
            source => OpenError::Sqlite { doing, path: path.to_owned(), source },
        }
    };
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let found = version(connection).map_err(fail("reading the schema of"))?;
    let ours: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fail("reading the kind of"))?;
    let empty: bool = connection
        .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
        .map_err(fail("reading the tables of"))?;
    if ours != APPLICATION_ID && !(empty && found == 0 && ours == 0) {
        return Err(OpenError::NotAJournal { path: path.to_owned() });
    }
    if found > known {
        return Err(OpenError::FromTheFuture { path: path.to_owned(), found, known });
    }
    Ok(found)
}

/// Brings an opened file to the newest of `migrations`. An interrupted run leaves each step done or not begun, so
/// opening again completes it.
pub fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<u32, OpenError> {
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let found = recognise(connection, path, migrations)?;
    if found == known {
        return Ok(known);
    }
    let copy = copy_path(path, found + 1);
    if found > 0 {
        copy_before(connection, path, &copy)?;
    }
    for (to, step) in (found + 1..).zip(migrations.iter().skip(found as usize)) {
        apply(connection, to, step).map_err(|source| OpenError::Migration {
            path: path.to_owned(),
            to,
            copy: copy.clone(),
            source,
        })?;
    }
    Ok(known)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn apply(connection: &mut Connection, to: u32, step: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()
}

fn copy_path(path: &Path, to: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-schema-{to}"));
    PathBuf::from(name)
}

/// Writes the copy under another name first, so that what has the final name is always whole.
fn copy_before(connection: &Connection, path: &Path, copy: &Path) -> Result<(), OpenError> {
    let mut unfinished = copy.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let io =
        |source| OpenError::Io { doing: "copying the journal before migrating it, to", path: copy.to_owned(), source };
    let sqlite = |source| OpenError::Sqlite {
        doing: "copying the journal before migrating it; make room or permit writing beside",
        path: path.to_owned(),
        source,
    };
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let mut target = Connection::open(&unfinished).map_err(sqlite)?;
    Backup::new(connection, &mut target)
        .and_then(|backup| backup.run_to_completion(COPY_STEP, Duration::ZERO, None))
        .map_err(sqlite)?;
    target.close().map_err(|(_, error)| sqlite(error))?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    std::fs::rename(&unfinished, copy).map_err(io)?;
    copy.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: &str = "ALTER TABLE entries ADD COLUMN note TEXT; CREATE TABLE more(x INTEGER) STRICT;";

    fn two() -> Vec<&'static str> {
        MIGRATIONS.iter().copied().chain([NEXT]).collect()
    }

    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection
    }

    #[test]
    fn a_new_file_gets_the_newest_schema_and_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        assert_eq!(migrate(&mut open(&path), &path, &two()).unwrap(), 2);
        assert_eq!(version(&open(&path)).unwrap(), 2);
        assert!(!copy_path(&path, 1).exists() && !copy_path(&path, 2).exists());
    }

    #[test]
    fn a_failing_step_leaves_the_file_as_it_was_and_a_copy_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        migrate(&mut open(&path), &path, MIGRATIONS).unwrap();
        let broken = [MIGRATIONS[0], "CREATE TABLE more(x INTEGER) STRICT; CREATE TABLE nonsense("];
        let error = migrate(&mut open(&path), &path, &broken).unwrap_err();
        assert!(error.to_string().contains("before-schema-2"), "{error}");
        let file = open(&path);
        assert_eq!(version(&file).unwrap(), 1);
        assert!(!file.table_exists(None, "more").unwrap());
        assert_eq!(version(&Connection::open(copy_path(&path, 2)).unwrap()).unwrap(), 1);
        assert_eq!(migrate(&mut open(&path), &path, &two()).unwrap(), 2, "a mended program completes it");
    }

    /// What a kill in the middle of a step leaves behind is the files as they are with the transaction open.
    #[test]
    fn a_step_killed_midway_is_rolled_back_and_completed_by_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut running = open(&path);
        migrate(&mut running, &path, MIGRATIONS).unwrap();
        running.pragma_update(None, "cache_size", 1).unwrap();
        let transaction = running.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        transaction.execute_batch("CREATE TABLE more(x INTEGER) STRICT;").unwrap();
        transaction
            .execute_batch("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) INSERT INTO more SELECT i FROM n")
            .unwrap();
        let killed = folder.path().join("killed");
        std::fs::copy(&path, &killed).unwrap();
        let wal = folder.path().join("j-wal");
        assert!(wal.metadata().unwrap().len() > 100_000, "the open transaction has reached the disk");
        std::fs::copy(wal, folder.path().join("killed-wal")).unwrap();

        let mut again = open(&killed);
        assert_eq!(version(&again).unwrap(), 1);
        assert_eq!(migrate(&mut again, &killed, &two()).unwrap(), 2);
        assert_eq!(again.query_row("SELECT count(*) FROM more", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }

    #[test]
    fn a_copy_left_half_done_does_not_hinder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        migrate(&mut open(&path), &path, MIGRATIONS).unwrap();
        std::fs::write(folder.path().join("j.before-schema-2.unfinished"), b"half a copy").unwrap();
        assert_eq!(migrate(&mut open(&path), &path, &two()).unwrap(), 2);
        assert_eq!(version(&Connection::open(copy_path(&path, 2)).unwrap()).unwrap(), 1);
    }

    #[test]
    fn a_file_of_the_future_or_of_others_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        migrate(&mut open(&path), &path, &two()).unwrap();
        let error = migrate(&mut open(&path), &path, MIGRATIONS).unwrap_err();
        assert!(matches!(error, OpenError::FromTheFuture { found: 2, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("newer Watchfloor"), "{error}");

        let other = folder.path().join("other");
        open(&other).execute_batch("CREATE TABLE theirs(x)").unwrap();
        assert!(matches!(migrate(&mut open(&other), &other, MIGRATIONS), Err(OpenError::NotAJournal { .. })));
    }
}
