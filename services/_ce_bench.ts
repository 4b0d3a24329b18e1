import { readFileSync } from 'node:fs'
import { addressOf } from '#common/eth-transaction'
import { realServices } from '#common/testing-services'
const PRIVATE_KEY = '11'.repeat(32)
const home = `/tmp/ce/${Date.now()}`
const s = realServices(home, { 'blockchain-ledger': { LEDGER_KEY: '22'.repeat(32), REGISTRAR_ADDRESS: addressOf(PRIVATE_KEY) }, 'on-system-chain-client': { PRIVATE_KEY } })
const names = ['blockchain-vm','blockchain-ledger','blockchain-sessions-data','blockchain-api','on-system-chain-client'] as const
for (const n of names) await s.start(n)
const mem = (label: string) => { for (const n of names) { const t = readFileSync(`/proc/${s.pid(n)}/smaps_rollup`,'utf8'); const g=(k:string)=>Math.round(Number(new RegExp('^'+k+':\\s+(\\d+)','m').exec(t)![1])/1024); const st=readFileSync(`/proc/${s.pid(n)}/stat`,'utf8').split(' '); console.log(label, n.padEnd(26), 'rss', g('Rss'), 'pss', g('Pss'), 'private', g('Private_Dirty')+g('Private_Clean'), 'cpu ticks', Number(st[13])+Number(st[14])) } }
await Bun.sleep(2000); mem('idle')
const token = await s.as('session-orchestrator')('on-system-chain-client')
const headers = {'content-type':'application/json',authorization:`Bearer ${token}`}
const U = s.url('on-system-chain-client')
for (const N of [200, 200, 1000]) {
  const ids = Array.from({length:N},()=>crypto.randomUUID() as string)
  const t = performance.now()
  const q=[...ids]
  await Promise.all(Array.from({length:16}, async()=>{ for(let id=q.pop(); id; id=q.pop()) { const r = await fetch(U+'/anchors',{method:'POST',headers,body:JSON.stringify({session_id:id, manifest_hash:'ab'.repeat(32), started_at: Date.now(), owner:'cd'.repeat(20), merkle_root:'ef'.repeat(32), chunk_count:3})}); if(r.status!==202) console.log(await r.text()) } }))
  const queued = performance.now()
  let done=0
  for(;;){ const st = await (await fetch(U+'/status')).json() as any; done = st.jobs.anchored; if(st.jobs.queued+st.jobs.submitted===0) break; await Bun.sleep(50) }
  const end = performance.now()
  const head = (await (await fetch(s.url('blockchain-api')+'/chain')).json() as any).head.number
  console.log(`${N} anchors: queued in ${Math.round(queued-t)} ms, all anchored in ${Math.round(end-t)} ms = ${(N/(end-t)*1000).toFixed(0)}/s, head ${head}, total ${done}`)
}
mem('after')
await Bun.sleep(10000); mem('idle10s')
await s.stop()
