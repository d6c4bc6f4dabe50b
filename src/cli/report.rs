//! `report`: how alerts went over the last days, by client and by check.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::cli::arguments::{AlertReport, ReportVerb};
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, gather};
use crate::cli::json::{rfc3339, seconds};
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::fleet::derived::alert_report::{By, Figures, Kind, together};
use crate::fleet::words::Timestamp;
use crate::fleet::words::duration::short;
use crate::settings::directories::Directories;
use crate::wire::pb::query_request;
use crate::wire::pb::{self, QueryRequest};
use crate::wire::reports::decode_figures;

const COLUMNS: [Column; 8] = [
    Column::shrinking("OF"),
    Column::right("CAME"),
    Column::right("A WEEK"),
    Column::right("AGAIN"),
    Column::right("TAKEN"),
    Column::right("MTTA"),
    Column::right("MTTR"),
    Column::right("OPEN"),
];

/// The report of a fleet as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct ReportJson {
    fleet: String,
    from: String,
    to: String,
    complete: bool,
    clients: Vec<FiguresJson>,
    checks: Vec<FiguresJson>,
    both: Vec<FiguresJson>,
}

#[derive(Debug, PartialEq, Serialize)]
struct FiguresJson {
    name: String,
    opened: u64,
    reopened: u64,
    per_week: f64,
    taken: u64,
    mtta_seconds: Option<u64>,
    ended: u64,
    mttr_seconds: Option<u64>,
    open: u64,
}

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &ReportVerb, directories: &Directories) -> Result<(), Failure> {
    let ReportVerb::Alerts(verb) = verb;
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let kind = query_request::Kind::AlertReport.into();
    let request = QueryRequest { kind, limit: verb.days, ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, verb: &AlertReport) -> Result<(), Failure> {
    let reports: Vec<(&str, Reported)> = gathered
        .parts
        .iter()
        .filter_map(|part| Some((part.fleet.as_str(), Reported::of(part.answer.alert_report.as_ref()?))))
        .collect();
    if verb.json {
        return output::json(&reports.iter().map(|(fleet, report)| report.to_json(fleet)).collect::<Vec<_>>());
    }
    let mut all: BTreeMap<Kind, Figures> = BTreeMap::new();
    for (_, report) in &reports {
        for (kind, figures) in &report.figures {
            all.entry(kind.clone()).or_default().add(figures);
        }
    }
    let span = reports.iter().map(|(_, report)| report.span()).max().unwrap_or_default();
    for (fleet, report) in reports.iter().filter(|(_, report)| report.cut) {
        eprintln!("watchfloor: {fleet}: more happened than is counted at once: since {} only", rfc3339(report.from));
    }
    let output = Output::of_environment();
    let empty = "no alert came in that time";
    for (by, title) in [(By::Client, "BY CLIENT"), (By::Check, "BY CHECK")] {
        let rows: Vec<Vec<Cell>> = together(&all, by).iter().map(|(name, figures)| row(name, figures, span)).collect();
        let mut columns = COLUMNS;
        columns[0] = Column::shrinking(title);
        output.table(&columns, &rows, if by == By::Client { empty } else { "" })?;
    }
    Ok(())
}

/// A fleet's report in the fleet's own words.
#[derive(Debug)]
struct Reported {
    from: Timestamp,
    to: Timestamp,
    cut: bool,
    figures: BTreeMap<Kind, Figures>,
}

impl Reported {
    fn of(report: &pb::AlertReport) -> Self {
        let figures = report.figures.iter().map(decode_figures).collect();
        Self { from: Timestamp(report.from), to: Timestamp(report.to), cut: report.cut, figures }
    }

    fn span(&self) -> Duration {
        self.to.since(self.from)
    }

    fn to_json(&self, fleet: &str) -> ReportJson {
        let rows = |by| {
            let rows = together(&self.figures, by).into_iter();
            rows.map(|(name, figures)| FiguresJson {
                name,
                opened: figures.opened,
                reopened: figures.reopened,
                per_week: (figures.per_week(self.span()) * 10.0).round() / 10.0,
                taken: figures.taken,
                mtta_seconds: figures.mtta().map(seconds),
                ended: figures.ended,
                mttr_seconds: figures.mttr().map(seconds),
                open: figures.open(),
            })
            .collect()
        };
        ReportJson {
            fleet: fleet.to_owned(),
            from: rfc3339(self.from),
            to: rfc3339(self.to),
            complete: !self.cut,
            clients: rows(By::Client),
            checks: rows(By::Check),
            both: rows(By::Both),
        }
    }
}

fn row(name: &str, figures: &Figures, span: Duration) -> Vec<Cell> {
    let mean = |mean: Option<Duration>| Cell::plain(mean.map_or_else(|| "-".to_owned(), short));
    vec![
        Cell::plain(name),
        Cell::plain(figures.came().to_string()),
        Cell::plain(format!("{:.1}", figures.per_week(span))),
        Cell::quiet(figures.reopened.to_string()),
        Cell::plain(figures.taken.to_string()),
        mean(figures.mtta()),
        mean(figures.mttr()),
        Cell::plain(figures.open().to_string()),
    ]
}
