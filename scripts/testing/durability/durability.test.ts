import { isFull } from '#common/testing/extent'
import { sqliteKind } from '../peers/stores.ts'
import { killSuite } from './kill-suite.ts'

// With twenty each service of the pipeline is killed once in every phase; `--full` kills fifty.
killSuite(sqliteKind(process.env), { kills: isFull ? 50 : 20 })
