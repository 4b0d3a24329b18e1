import { sqliteKind } from '../peers/stores.ts'
import { killSuite } from './kill-suite.ts'

killSuite(sqliteKind(process.env), { kills: 50 })
