import { addressOf } from '#common/eth-transaction'
import { realServices } from '#common/testing-services'
const PRIVATE_KEY = '11'.repeat(32)
const home = `/tmp/ce/${Date.now()}`
const s = realServices(home, { 'blockchain-ledger': { LEDGER_KEY: '22'.repeat(32), REGISTRAR_ADDRESS: addressOf(PRIVATE_KEY) } })
for (const n of ['blockchain-vm','blockchain-ledger','blockchain-sessions-data','blockchain-api'] as const) await s.start(n)
const batch = async (method:string, params:unknown[], n:number)=>{ const t=performance.now(); const r=await (await fetch(s.url('blockchain-api')+'/rpc',{method:'POST',headers:{'content-type':'application/json'},body:JSON.stringify(Array.from({length:n},(_,id)=>({jsonrpc:'2.0',id,method,params})))})).json() as any[]; if(r[0].error) console.log(r[0].error); return performance.now()-t }
const d = '0x' + (await import('#common/anchors-abi')).encodeSessionsCall('0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01')
for (let i=0;i<4;i++) console.log('100 eth_call', (await batch('eth_call',[{to:'0x6c756369642d616e63686f727300000000000000',data:d},'latest'],100)).toFixed(0),'ms; 100 receipts(null)', (await batch('eth_getTransactionReceipt',['0x'+'00'.repeat(32)],100)).toFixed(0), 'ms; 100 balance', (await batch('eth_getBalance',['0x6c756369642d616e63686f727300000000000000'],100)).toFixed(0))
await s.stop()
