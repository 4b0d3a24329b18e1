import { sqliteKind } from '../peers/stores.ts'
import { proofSuite } from './proof-suite.ts'

proofSuite(sqliteKind(process.env))
