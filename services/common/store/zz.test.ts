import { storeContract } from '/work/main/services/common/store/contract.ts'
import { mongoStore } from '/work/main/services/common/store/mongo.ts'

let n = 0
const run = Date.now().toString(36)
storeContract('mongo', async () =>
  mongoStore({ url: `mongodb://127.0.0.1:27117/t_${run}_${n++}?replicaSet=rs0`, owner: 'session-encryptor' }),
)
