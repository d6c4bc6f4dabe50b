//! The numbers and types of all fields are locked: journals, outboxes and peers of older releases hold them.

use std::fmt::Write as _;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::fixtures;

#[test]
fn numbers_and_types_of_fields_are_locked() {
    let set = FileDescriptorSet::decode(watchfloor::wire::DESCRIPTORS).unwrap();
    let mut lock = String::new();
    for file in &set.file {
        let package = file.package();
        for message in &file.message_type {
            describe_message(&mut lock, package, message);
        }
        for values in &file.enum_type {
            describe_enum(&mut lock, package, values);
        }
        for service in &file.service {
            for method in &service.method {
                let stream = |streams: bool| if streams { "stream " } else { "" };
                writeln!(
                    lock,
                    "rpc {package}.{}.{} {}{} returns {}{}",
                    service.name(),
                    method.name(),
                    stream(method.client_streaming()),
                    method.input_type(),
                    stream(method.server_streaming()),
                    method.output_type()
                )
                .unwrap();
            }
        }
    }
    fixtures::assert_same_lines(
        "descriptor.lock",
        &lock,
        "New fields, kinds and calls are fine: run this test with UPDATE_FIXTURES=1. A line that changes or goes breaks \
         journals and peers of every release that wrote it: make a new field or a new event kind instead, and an upcast.",
    );
}

fn describe_message(lock: &mut String, parent: &str, message: &DescriptorProto) {
    let name = format!("{parent}.{}", message.name());
    let mut fields: Vec<&FieldDescriptorProto> = message.field.iter().collect();
    fields.sort_by_key(|field| field.number());
    for field in fields {
        let label = match field.label() {
            Label::Repeated => "repeated ",
            _ if field.proto3_optional() => "optional ",
            _ => "",
        };
        let kind = match field.r#type() {
            Type::Message | Type::Enum => field.type_name().to_owned(),
            scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
        };
        let oneof = match field.oneof_index.and_then(|index| message.oneof_decl.get(usize::try_from(index).unwrap())) {
            Some(oneof) if !field.proto3_optional() => format!(" in {}", oneof.name()),
            _ => String::new(),
        };
        writeln!(lock, "{name}.{} = {} {label}{kind}{oneof}", field.name(), field.number()).unwrap();
    }
    for nested in &message.nested_type {
        describe_message(lock, &name, nested);
    }
    for values in &message.enum_type {
        describe_enum(lock, &name, values);
    }
}

fn describe_enum(lock: &mut String, parent: &str, values: &EnumDescriptorProto) {
    for value in &values.value {
        writeln!(lock, "enum {parent}.{}.{} = {}", values.name(), value.name(), value.number()).unwrap();
    }
}
