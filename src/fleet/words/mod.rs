//! The smallest shared words: ids, time, severities, text made safe, filters. They import nothing of the house.

pub mod backup_tool;
pub mod class;
pub mod display_width;
pub mod duration;
pub mod filter;
pub mod glob;
pub mod ids;
pub mod look_alike;
pub mod nearest;
pub mod safe_text;
pub mod severity;
pub mod spoken_id;
pub mod time;
pub mod until;

pub use backup_tool::BackupTool;
pub use class::HostClass;
pub use ids::{
    ActionId, AlertId, BlobId, CheckName, ClientId, CommandId, Epoch, FleetId, HostId, IdentityId, JobId, JobName,
    NoticeId, PingName, Revision, SiteId, StreamId, TokenId, WindowId,
};
pub use safe_text::SafeText;
pub use severity::{CheckState, Severity};
pub use time::{Instant, Now, Timestamp};
