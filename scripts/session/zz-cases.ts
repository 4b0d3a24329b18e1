import { ok } from '#common/http/client'
import { homeFrom } from '/tmp/w/h-recording/scripts/platform/home.ts'
import { operatorClients } from '/tmp/w/h-recording/scripts/platform/session-client.ts'
const c = operatorClients(homeFrom(process.env))
const raw = c.raw('session-recorder', 300_000)
const noise = (n: number) => { const b = new Uint8Array(n); for (let i = 0; i < n; i += 65536) crypto.getRandomValues(b.subarray(i, Math.min(n, i + 65536))); return b }
const start = async () => (await ok(c.recorder().recordings.start.post({ owner: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8' }))).id
const patch = (id: string, q: string, body?: any) => raw(`/recordings/${id}/stream?${q}`, { method: 'PATCH', body, headers: { 'content-type': 'application/octet-stream' } })
const done = async (name: string, id: string, from: number, to?: number) => { for (;;) { await Bun.sleep(300); const s = await ok(c.orchestrator().sessions({ id }).get()); if (s.state === 'anchored' || s.state === 'failed') { console.log(name, id, s.state, s.error ?? '', 'chunks', s.chunk_count, JSON.stringify(s.gaps.map((g) => ({ ...g, from: g.from - from, to: to ? g.to - to : `ended${g.to - s.ended_at!}` })))); return } } }
const stalled = (bytes: Uint8Array) => new ReadableStream({ async pull(k) { k.enqueue(bytes); await new Promise(() => {}) } })
const all: Promise<unknown>[] = []
const run = (f: () => Promise<unknown>) => all.push(f().catch((e) => console.log('ERR', f.toString().slice(0, 60), e)))
run(async () => { const id = await start(); await patch(id, 'offset=0&end=false', noise(9_000_000)); const t = Date.now(); await done('gap2 (silent, grace 60 s)', id, t) })
run(async () => { const id = await start(); await patch(id, 'offset=0&end=false', noise(9_000_000)); const t = Date.now(); await Bun.sleep(5000); const u = Date.now(); await patch(id, 'offset=9000000&end=true', noise(1_000_000)); await done('paused 5 s', id, t, u) })
run(async () => { const id = await start(); void patch(id, 'offset=0&end=true', stalled(noise(3_000_000))).catch((e) => console.log('cut says', e.code)); await Bun.sleep(3000); const t = Date.now(); await ok(c.recorder().recordings({ id }).stop.post({ reason: 'the producer exited with 3' })); console.log('stop of a stalled one took ms', Date.now() - t); await done('stalled 3 s, stopped', id, t - 3000) })
await Promise.all(all); all.length = 0
run(async () => { const id = await start(); const b = noise(20_000_000); void patch(id, 'offset=0&end=true', stalled(b)).catch((e) => console.log('recorder killed:', e.code)); await Bun.sleep(4000); const pid = (await (await Bun.$`pgrep -f h-recording/services/session-recorder`.nothrow().text())).trim().split('\n'); console.log('kill', pid); for (const p of pid) if (Number(p) !== process.pid) process.kill(Number(p), 9); const t = Date.now(); await Bun.sleep(8000); const at: any = await ok(c.recorder().recordings({ id }).get()); console.log('durable', at.acknowledged, at.received); const u = Date.now(); await patch(id, `offset=${at.acknowledged}&end=true`, b.subarray(at.acknowledged)); await done('recorder killed 8 s', id, t - 4000, u) })
await Promise.all(all)
process.exit(0)
