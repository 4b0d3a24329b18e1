/**
 * What the front keeps in the engine's database, so that it is as durable as the data and changes together
 * with it. Laid down at each start; every statement may run again.
 */

/** The engine's functions for writes, by their name on the wire. Their own retry record holds for commands of one statement only. */
export const writeCalls = {
  insert: (db: string, spec: string) => `documentdb_api.insert(${db}, ${spec}, null, null)`,
  update: (db: string, spec: string) => `documentdb_api.update(${db}, ${spec}, null, null)`,
  delete: (db: string, spec: string) => `documentdb_api.delete(${db}, ${spec}, null, null)`,
  findAndModify: (db: string, spec: string) => `documentdb_api.find_and_modify(${db}, ${spec}, null)`,
} as const

const branches = Object.entries(writeCalls)
  .map(
    ([name, call]) =>
      `when '${name}' then select w.p_result, w.p_success into p_result, p_success from ${call('in_database', 'in_spec')} w;`,
  )
  .join('\n    ')

/** A retry that comes while the first attempt still runs waits for it; both get the same answer. */
const writeOnce = `
create or replace function front.write_once(
  in_command text, in_database text, in_spec documentdb_core.bson, in_session text, in_number bigint,
  out p_result documentdb_core.bson, out p_success boolean
) language plpgsql as $body$
declare last bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended(in_session, 0));
  select w.number, w.result, w.success into last, p_result, p_success from front.written w where w.session = in_session;
  if last = in_number then return; end if;
  if last > in_number then
    raise exception 'Retryable write with txnNumber % is prohibited on session because a newer one (%) was begun', in_number, last
      using errcode = 'M00F5';
  end if;
  case in_command
    ${branches}
  end case;
  insert into front.written values (in_session, in_number, p_result, p_success)
    on conflict (session) do update set number = excluded.number, result = excluded.result, success = excluded.success;
end $body$`

export const schema: readonly string[] = [
  'create schema if not exists front',
  'create table if not exists front.committed (session text primary key, number bigint not null)',
  'create table if not exists front.written (session text primary key, number bigint not null, result documentdb_core.bson not null, success boolean not null)',
  writeOnce,
]
