import Threadline

extension Helpers {
    func polling(_ rows: inout [Row]) {
        rows.append(making("beta.threads.create_and_run_poll", "", "beta.threads.create_and_run") { c, a, pace in
            let params = try a.params(ThreadCreateAndRunParams.self)
            return try a.value(try await c.beta.threads.createAndRunPoll(params, pace: pace, options: a.options))
        })
        rows.append(making("beta.threads.runs.create_and_poll", "thread_id", "beta.threads.runs.create") { c, a, pace in
            let (thread, params) = (try a.path("thread_id"), try a.params(RunCreateParams.self))
            return try a.value(try await c.beta.threads.runs.createAndPoll(threadId: thread, params, pace: pace, options: a.options))
        })
        rows.append(existing("beta.threads.runs.poll", "thread_id,run_id") { c, a, pace in
            let (thread, run) = (try a.path("thread_id"), try a.path("run_id"))
            return try a.value(try await c.beta.threads.runs.poll(threadId: thread, runId: run, pace: pace, options: a.options))
        })
        let submit = "beta.threads.runs.submit_tool_outputs"
        rows.append(making("beta.threads.runs.submit_tool_outputs_and_poll", "thread_id,run_id", submit) { c, a, pace in
            let (thread, run, params) = (try a.path("thread_id"), try a.path("run_id"), try a.params(RunSubmitToolOutputsParams.self))
            let runs = c.beta.threads.runs
            return try a.value(
                try await runs.submitToolOutputsAndPoll(threadId: thread, runId: run, params, pace: pace, options: a.options))
        })
        rows.append(making("vector_stores.files.create_and_poll", "vector_store_id", "vector_stores.files.create") { c, a, pace in
            let (store, params) = (try a.path("vector_store_id"), try a.params(VectorStoreFileCreateParams.self))
            return try a.value(try await c.vectorStores.files.createAndPoll(vectorStoreId: store, params, pace: pace, options: a.options))
        })
        rows.append(existing("vector_stores.files.poll", "vector_store_id,file_id") { c, a, pace in
            let (store, file) = (try a.path("vector_store_id"), try a.path("file_id"))
            return try a.value(try await c.vectorStores.files.poll(vectorStoreId: store, fileId: file, pace: pace, options: a.options))
        })
        let batch = "vector_stores.file_batches.create"
        rows.append(making("vector_stores.file_batches.create_and_poll", "vector_store_id", batch) { c, a, pace in
            let (store, params) = (try a.path("vector_store_id"), try a.params(VectorStoreFileBatchCreateParams.self))
            let batches = c.vectorStores.fileBatches
            return try a.value(try await batches.createAndPoll(vectorStoreId: store, params, pace: pace, options: a.options))
        })
        rows.append(existing("vector_stores.file_batches.poll", "vector_store_id,batch_id") { c, a, pace in
            let (store, batch) = (try a.path("vector_store_id"), try a.path("batch_id"))
            let batches = c.vectorStores.fileBatches
            return try a.value(try await batches.poll(vectorStoreId: store, batchId: batch, pace: pace, options: a.options))
        })
        rows.append(making("videos.create_and_poll", "", "videos.create") { c, a, pace in
            let params = try a.params(VideoCreateParams.self)
            return try a.value(try await c.videos.createAndPoll(params, pace: pace, options: a.options))
        })
        rows.append(existing("videos.poll", "video_id") { c, a, pace in
            try a.value(try await c.videos.poll(videoId: try a.path("video_id"), pace: pace, options: a.options))
        })
        rows.append(existing("files.wait_for_processing", "id") { c, a, pace in
            try a.value(try await c.files.waitForProcessing(fileId: try a.path("id"), pace: pace, options: a.options))
        })
    }

    func moreOfPolling(_ rows: inout [Row]) {
        rows.append(making("batches.create_and_poll", "", "batches.create") { c, a, pace in
            let params = try a.params(BatchCreateParams.self)
            return try a.value(try await c.batches.createAndPoll(params, pace: pace, options: a.options))
        })
        rows.append(existing("batches.poll", "batch_id") { c, a, pace in
            try a.value(try await c.batches.poll(batchId: try a.path("batch_id"), pace: pace, options: a.options))
        })
        rows.append(making("fine_tuning.jobs.create_and_poll", "", "fine_tuning.jobs.create") { c, a, pace in
            let params = try a.params(FineTuningJobCreateParams.self)
            return try a.value(try await c.fineTuning.jobs.createAndPoll(params, pace: pace, options: a.options))
        })
        rows.append(existing("fine_tuning.jobs.poll", "fine_tuning_job_id") { c, a, pace in
            let job = try a.path("fine_tuning_job_id")
            return try a.value(try await c.fineTuning.jobs.poll(fineTuningJobId: job, pace: pace, options: a.options))
        })
        rows.append(making("evals.runs.create_and_poll", "eval_id", "evals.runs.create") { c, a, pace in
            let (eval, params) = (try a.path("eval_id"), try a.params(EvalRunCreateParams.self))
            return try a.value(try await c.evals.runs.createAndPoll(evalId: eval, params, pace: pace, options: a.options))
        })
        rows.append(existing("evals.runs.poll", "eval_id,run_id") { c, a, pace in
            let (eval, run) = (try a.path("eval_id"), try a.path("run_id"))
            return try a.value(try await c.evals.runs.poll(evalId: eval, runId: run, pace: pace, options: a.options))
        })
        rows.append(making("responses.create_and_poll", "", "responses.create") { c, a, pace in
            let params = try a.params(ResponseCreateParams.self)
            return try a.value(try await c.responses.createAndPoll(params, pace: pace, options: a.options))
        })
        rows.append(existing("responses.poll", "response_id") { c, a, pace in
            try a.value(try await c.responses.poll(responseId: try a.path("response_id"), pace: pace, options: a.options))
        })
        rows.append(making("beta.responses.create_and_poll", "", "beta.responses.create") { c, a, pace in
            let params = try a.params(BetaResponseCreateParams.self)
            return try a.value(try await c.beta.responses.createAndPoll(params, pace: pace, options: a.options))
        })
        rows.append(existing("beta.responses.poll", "response_id") { c, a, pace in
            try a.value(try await c.beta.responses.poll(responseId: try a.path("response_id"), pace: pace, options: a.options))
        })
    }
}
