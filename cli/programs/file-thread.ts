import '../../node/core/first.ts'
import { parentPort, workerData } from 'node:worker_threads'
import { runScanThread, type ThreadOrder } from '../../modules/file/walker/scan-thread.ts'

// A thread of a module host's own process: nobody else can start it. What it throws ends it, which the run's thread hears of.
if (parentPort !== null) void runScanThread(workerData as ThreadOrder, parentPort)
