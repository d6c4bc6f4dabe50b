//! What people ask for over the wire, made into actions.

use std::time::Duration;

use tonic::Status;

use crate::fleet::identity::Role;
use crate::fleet::rules::decision::Answer;
use crate::fleet::rules::input::MOST_TARGETS;
use crate::fleet::rules::input::{
    Action, Asker, DutyRequest, Input, RunRequest, Targets, TimesAsked, TokenGrant, Verb, WindowRequest,
};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CommandId, HostId, IdentityId, Revision, SafeText, Timestamp, TokenId, WindowId};
use crate::hub::configuration;
use crate::hub::shared::{Shared, status};
use crate::trust::Token;
use crate::trust::fingerprint::sha256;
use crate::wire::alerts::decode_until;
use crate::wire::checked::{
    at_most, checked_action_id, checked_check, checked_client, checked_name, checked_note, checked_optional,
    checked_site, checked_tags,
};
use crate::wire::commands::checked_argv;
use crate::wire::limits::WORD_MAX;
use crate::wire::pb::act_request::Verb as Asked;
use crate::wire::pb::targets::Kind;
use crate::wire::windows::decode_scope;
use crate::wire::{WireError, hands, host_class, pb, role, text};

/// Decides what a person asked for and answers once it is durable.
///
/// # Errors
/// The status with what to do.
pub async fn act(shared: &Shared, asker: Asker, request: pb::ActRequest) -> Result<pb::ActReply, Status> {
    let id = checked_action_id(&request.id).map_err(invalid)?;
    let asked =
        request.verb.ok_or_else(|| Status::invalid_argument("the request names no verb; update this program"))?;
    if matches!(asked, Asked::ReloadConfiguration(_)) {
        let changes = configuration::reload(shared, asker, request.dry_run).await?;
        return Ok(pb::ActReply { changes, dry_run: request.dry_run, ..reply(shared, Answer::default()).await? });
    }
    let mut token = None;
    let verb = verb(shared, asked, &mut token).map_err(|error| *error)?;
    let action = Action {
        id,
        asker,
        seen: Revision(request.seen),
        targets: targets(request.targets, &verb)?,
        dry_run: request.dry_run,
        verb,
    };
    let answer = shared.core.decide(Input::Action(action)).await.map_err(status)?;
    if !request.dry_run {
        for (host, job) in &answer.read_now {
            shared.dispatch.check_now(*host, job);
        }
    }
    let mut reply = reply(shared, answer).await?;
    reply.dry_run = request.dry_run;
    if let Some(token) = token {
        // Of a repeat only the first answer counts: its secret was another one, and is gone.
        let known = shared.access.registry();
        let kept = known.tokens.values().any(|kept| kept.secret_hash == token.secret.hash());
        if !kept && !request.dry_run {
            return Err(Status::already_exists(
                "this request made its token already, and a secret is shown once; make another token",
            ));
        }
        reply.token = if request.dry_run { String::new() } else { token.encode() };
    }
    Ok(reply)
}

fn targets(targets: Option<pb::Targets>, verb: &Verb) -> Result<Targets, Status> {
    match targets.and_then(|targets| targets.kind) {
        None => Ok(Targets::Ids(Vec::new())),
        Some(Kind::Ids(list)) if list.ids.len() > MOST_TARGETS => {
            Err(Status::invalid_argument(format!("{} ids; name at most {MOST_TARGETS}", list.ids.len())))
        }
        Some(Kind::Ids(list)) if matches!(verb, Verb::Run(_)) => {
            Ok(Targets::Hosts(list.ids.into_iter().map(HostId).collect()))
        }
        Some(Kind::Ids(list)) => Ok(Targets::Ids(list.ids.into_iter().map(AlertId).collect())),
        Some(Kind::Filter(asked)) => {
            let filter = Filter::parse(&asked.filter).map_err(|error| Status::invalid_argument(error.to_string()))?;
            Ok(Targets::Filter { filter, expected: asked.expected })
        }
    }
}

fn verb(shared: &Shared, asked: Asked, token: &mut Option<Token>) -> Result<Verb, Box<Status>> {
    let some = |text: &str| (!text.is_empty()).then(|| SafeText::line(text));
    let note = |text: &str| checked_note(text).map_err(|error| Box::new(invalid(error)));
    Ok(match asked {
        Asked::Acknowledge(asked) => {
            let until = decode_until(asked.until, asked.until_time);
            Verb::Acknowledge { until, limit: asked.limit.map(Into::into), note: note(&asked.note)? }
        }
        Asked::Remind(asked) => Verb::Remind { at: Timestamp(asked.at), text: note(&asked.text)? },
        Asked::Unremind(_) => Verb::Unremind,
        Asked::Escalate(asked) => Verb::Escalate { note: note(&asked.note)? },
        Asked::Release(asked) => {
            Verb::Release { to: (!asked.to.is_empty()).then(|| SafeText::line(&asked.to)), note: note(&asked.note)? }
        }
        Asked::Snooze(asked) => Verb::Snooze { until: Timestamp(asked.until), note: note(&asked.note)? },
        Asked::Note(asked) => Verb::Note { note: note(&asked.note)? },
        Asked::Close(asked) => Verb::Close { note: note(&asked.note)? },
        Asked::CheckNow(asked) => Verb::CheckNow {
            host: (asked.host > 0).then_some(HostId(asked.host)),
            check: checked_optional("CheckAsked", asked.check.as_deref().unwrap_or_default(), checked_check)
                .map_err(|error| Box::new(invalid(error)))?,
        },
        Asked::Run(asked) => Verb::Run(RunRequest {
            argv: checked_argv("Run", asked.argv).map_err(|error| Box::new(invalid(error)))?,
            shell: asked.shell,
            window: (asked.window > 0).then_some(asked.window),
            timeout: (asked.timeout > 0).then_some(Duration::from_millis(asked.timeout)),
        }),
        Asked::Cancel(asked) => Verb::Cancel(CommandId(asked.command)),
        Asked::ReviewBackups(_) => Verb::ReviewBackups,
        Asked::OpenWindow(asked) => {
            Verb::OpenWindow(Box::new(window_request(asked).map_err(|error| Box::new(invalid(error)))?))
        }
        Asked::CloseWindow(asked) => Verb::CloseWindow { window: WindowId(asked.id), note: note(&asked.note)? },
        Asked::ChangeWindow(asked) => Verb::ChangeWindow {
            window: WindowId(asked.id),
            until: (asked.until != 0).then_some(Timestamp(asked.until)),
            longer: (asked.longer > 0).then_some(Duration::from_millis(asked.longer)),
        },
        Asked::TestNotice(asked) => Verb::TestNotice(SafeText::line_within(&asked.person, 256)),
        Asked::OverrideDuty(asked) => Verb::OverrideDuty(DutyRequest {
            schedule: SafeText::line(&asked.schedule),
            person: some(&asked.person),
            from: (asked.from > 0).then_some(Timestamp(asked.from)),
            until: (asked.until > 0).then_some(Timestamp(asked.until)),
            note: note(&asked.note)?,
        }),
        Asked::EndOverride(asked) => Verb::EndOverride(asked.id),
        Asked::HandOver(asked) => Verb::HandOver { to: SafeText::line(&asked.to), note: note(&asked.note)? },
        Asked::AcceptHandOver(asked) => Verb::AcceptHandOver { from: some(&asked.from) },
        Asked::RetireHost(asked) => Verb::RetireHost(HostId(asked.host)),
        Asked::RevokeToken(asked) => Verb::RevokeToken(TokenId(asked.id)),
        Asked::RevokeIdentity(asked) => Verb::RevokeIdentity(IdentityId(asked.id)),
        Asked::SetRole(asked) => Verb::SetRole {
            identity: IdentityId(asked.id),
            role: role(asked.role, "SetRole").map_err(|error| Box::new(invalid(error)))?,
        },
        Asked::CreateToken(asked) => {
            let made = new_token(shared)?;
            let grant = grant(&made, asked).map_err(|error| Box::new(invalid(error)))?;
            *token = Some(made);
            Verb::CreateToken(grant)
        }
        Asked::ReloadConfiguration(_) => {
            return Err(Box::new(Status::internal("a reload is no action of the core")));
        }
    })
}

fn window_request(asked: pb::OpenWindow) -> Result<WindowRequest, WireError> {
    at_most("the name of a window", asked.name.len(), WORD_MAX, "bytes")?;
    let times = if asked.every.is_empty() {
        TimesAsked::Once {
            from: (asked.from != 0).then_some(Timestamp(asked.from)),
            until: (asked.until != 0).then_some(Timestamp(asked.until)),
            length: (asked.length > 0).then_some(Duration::from_millis(asked.length)),
        }
    } else {
        TimesAsked::Recurring { words: asked.every, zone: asked.zone }
    };
    let scope = decode_scope(&asked.filter, asked.matchers)?;
    Ok(WindowRequest { name: text::word(&asked.name), scope, times, expected: asked.expected })
}

fn new_token(shared: &Shared) -> Result<Token, Box<Status>> {
    let addresses = shared.addresses().enrol;
    if addresses.is_empty() {
        return Err(Box::new(Status::failed_precondition(
            "this hub has no enrol port: it is the local fleet of one machine; start `watchfloor hub` to let others join",
        )));
    }
    Token::new(sha256(shared.authority.root()), addresses)
        .map_err(|error| Box::new(Status::internal(error.to_string())))
}

fn grant(token: &Token, asked: pb::CreateToken) -> Result<TokenGrant, WireError> {
    let message = "CreateToken";
    let role = role(asked.role, message)?;
    let agent = role == Role::Agent;
    if !agent && !asked.site.is_empty() {
        return Err(WireError::invalid(message, "site", &asked.site, "nothing: only an agent stands at a site"));
    }
    Ok(TokenGrant {
        secret_hash: token.secret.hash(),
        role,
        client: checked_optional(message, &asked.client, checked_client)?,
        site: checked_optional(message, &asked.site, checked_site)?,
        class: host_class(asked.class),
        name: checked_optional(message, &asked.name, checked_name)?,
        tags: checked_tags(message, &asked.tags)?,
        hands: hands(asked.hands),
        ttl_ms: (asked.ttl > 0).then_some(asked.ttl),
    })
}

async fn reply(shared: &Shared, answer: Answer) -> Result<pb::ActReply, Status> {
    let failures = |list: Vec<(u64, String)>| list.into_iter().map(|(id, why)| pb::ActFailure { id, why }).collect();
    let epoch = shared.core.standing().await.map_err(status)?.epoch;
    Ok(pb::ActReply {
        epoch: epoch.0,
        revision: answer.revision.map_or(0, |revision| revision.0),
        done: answer.done,
        failed: failures(answer.failed),
        left_out: failures(answer.left_out),
        token: String::new(),
        changes: answer.changes,
        dry_run: false,
        command: answer.command.map_or(0, |command| command.0),
        window: answer.window.as_deref().map(Into::into),
    })
}

fn invalid(error: WireError) -> Status {
    Status::invalid_argument(error.to_string())
}
