import { sqliteKind } from '../peers/stores.ts'
import { blackoutSuite } from './blackout-suite.ts'

blackoutSuite(sqliteKind(process.env))
