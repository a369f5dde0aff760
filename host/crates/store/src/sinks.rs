use crate::db::Store;
use crate::error::StoreError;
use crate::row::Columns;
use crate::time::now_micros;

/// How far an audit sink has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkPosition {
    /// The sink's name in the bundle.
    pub sink: String,
    /// The first ledger position that is not yet delivered.
    pub position: u64,
    /// When it last moved, in microseconds.
    pub updated: i64,
    /// Why delivery stopped, when the sink said that trying again cannot help.
    pub stopped: Option<String>,
}

impl Store {
    /// Where a sink goes on; nothing when it never delivered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sink_position(&self, sink: &str) -> Result<Option<SinkPosition>, StoreError> {
        let row = sqlx::query("SELECT sink, position, updated, stopped FROM sink_positions WHERE sink = $1")
            .bind(sink)
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing("reading a sink's position"))?;
        row.map(|row| {
            let columns = Columns::of("sink_positions", &row);
            Ok(SinkPosition {
                sink: columns.text("sink")?,
                position: u64::try_from(columns.int("position")?)
                    .map_err(|_| StoreError::Unreadable { table: "sink_positions", column: "position" })?,
                updated: columns.int("updated")?,
                stopped: columns.maybe_text("stopped")?,
            })
        })
        .transpose()
    }

    /// Remember that everything before `position` is delivered. It never moves back: a late write of a slower
    /// replica changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn advance_sink(&self, sink: &str, position: u64) -> Result<(), StoreError> {
        self.write_sink(sink, position, None).await
    }

    /// Remember why a sink stopped, at the position that it could not deliver.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stop_sink(&self, sink: &str, position: u64, why: &str) -> Result<(), StoreError> {
        self.write_sink(sink, position, Some(why)).await
    }

    async fn write_sink(&self, sink: &str, position: u64, stopped: Option<&str>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sink_positions (sink, position, updated, stopped) VALUES ($1, $2, $3, $4)
             ON CONFLICT (sink) DO UPDATE
             SET position = excluded.position, updated = excluded.updated, stopped = excluded.stopped
             WHERE sink_positions.position <= excluded.position",
        )
        .bind(sink)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(now_micros())
        .bind(stopped.map(str::to_owned))
        .execute(self.writer())
        .await
        .map(|_| ())
        .map_err(StoreError::doing("writing a sink's position"))
    }
}
