import { type Call, type client, ok } from '#common/http/client'
import type { Api as Chunker } from '#services/session-chunker/routes'
import type { Api as Orchestrator } from '#services/session-orchestrator/routes'
import type { SendSegment, StreamPosition } from './delivery.ts'
import type { RecordingsParts } from './recordings.ts'

/** The services that a recording goes to, over HTTP. */
export type PipelineClients = {
  readonly chunker: ReturnType<typeof client<Chunker>>
  readonly toChunker: Call
  readonly orchestrator: ReturnType<typeof client<Orchestrator>>
}

type Pipeline = Pick<RecordingsParts, 'openSession' | 'setState' | 'finalize' | 'progress' | 'send'>

/** What recordings ask of the pipeline. `recorder` names this recorder in the manifest of each session. */
export const pipelineOver = (
  { chunker, toChunker, orchestrator }: PipelineClients,
  recorder: { readonly recorder_version: string; readonly device_fingerprint: string },
): Pipeline => {
  const stream = async (
    session: string,
    ...[offset, end, bytes, lastByteAt]: Parameters<SendSegment>
  ): Promise<StreamPosition> => {
    const query = new URLSearchParams({
      offset: String(offset),
      end,
      ...(lastByteAt === undefined ? {} : { last_byte_at: String(lastByteAt) }),
    })
    const reply = await toChunker(`/sessions/${session}/stream?${query}`, {
      method: 'POST',
      ...(bytes === undefined ? {} : { body: bytes }),
      headers: { 'content-type': 'application/octet-stream' },
    })
    return (await reply.json()) as StreamPosition // the callee checks its replies against this schema
  }
  return {
    openSession: (request) => ok(orchestrator.sessions.post({ ...request, ...recorder })),
    setState: (id, state, gaps) =>
      ok(orchestrator.sessions({ id }).state.post({ state, ...(gaps === undefined ? {} : { gaps: [...gaps] }) })),
    finalize: (id, end) => ok(orchestrator.sessions({ id }).finalize.post(end)),
    progress: (id) => ok(chunker.sessions({ id }).stream.get()),
    send:
      (session) =>
      (...run) =>
        stream(session, ...run),
  }
}
