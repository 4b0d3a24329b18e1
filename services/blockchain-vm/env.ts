import { serviceEnv } from '#common/process/env'

export const Env = serviceEnv('blockchain-vm', {})
