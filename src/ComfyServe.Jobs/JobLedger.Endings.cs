using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Terminal states.</content>
public sealed partial class JobLedger
{
    /// <summary>Ends a job that the lease is held on, and queues its webhooks, in one transaction.</summary>
    public Task<FinishOutcome> FinishAsync(JobLease lease, JobEnding ending)
    {
        var sealedEnding = Seal(lease.JobId, ending);
        return _writer.RunAsync(session => FinishAsync(session, lease.JobId, lease.Epoch, sealedEnding));
    }

    /// <summary>Ends a job whoever works on it, for example as cancelled; the holder's lease is lost with it.</summary>
    public Task<FinishOutcome> EndAsync(string jobId, JobEnding ending)
    {
        var sealedEnding = Seal(jobId, ending);
        return _writer.RunAsync(session => FinishAsync(session, jobId, null, sealedEnding));
    }

    private async Task<FinishOutcome> FinishAsync(LedgerSession session, string jobId, long? epoch, SealedEnding ending)
    {
        var fence = epoch is null ? "state < 2" : "state = 1 AND epoch = @epoch";
        var command = session.Command($"""
                UPDATE jobs SET state = @state, finished = @now, holder = NULL, lease_expires = NULL, error_code = @code, message = @message, result = @result
                WHERE id = @id AND {fence}
                """)
            .With("@state", (long)ending.State).With("@now", Now()).With("@code", ending.ErrorCode).With("@message", ending.Message)
            .With("@result", ending.Result).With("@id", jobId);
        if (epoch is not null)
        {
            command.With("@epoch", epoch);
        }

        if (await command.ExecuteAsync(default) == 0)
        {
            return await WhyNotAsync(session, jobId);
        }

        await EndAttemptAsync(session, jobId, ending.Word);
        foreach (var delivery in ending.Deliveries)
        {
            await InsertAsync(session, jobId, delivery);
        }

        return FinishOutcome.Done;
    }

    private static async Task<FinishOutcome> WhyNotAsync(LedgerSession session, string jobId)
    {
        var state = await session.Command("SELECT state FROM jobs WHERE id = @id").With("@id", jobId).FirstAsync(static r => (object)(JobState)r.GetInt32(0), default);
        if (state is null)
        {
            return FinishOutcome.Unknown;
        }

        return JobTransitions.IsTerminal((JobState)state) ? FinishOutcome.AlreadyOver : FinishOutcome.LeaseLost;
    }

    private SealedEnding Seal(string jobId, JobEnding ending)
    {
        if (!JobTransitions.IsTerminal(ending.State))
        {
            throw new ArgumentException($"'{ending.State}' is not a terminal state", nameof(ending));
        }

        return new()
        {
            State = ending.State,
            Message = ending.Message,
            ErrorCode = ending.ErrorCode,
            Result = ending.Result.IsEmpty ? null : _sealer.Seal(ending.Result.Span, ResultOf(jobId)),
            Deliveries = [.. ending.Deliveries.Select(Seal)],
        };
    }

    private sealed record SealedEnding
    {
        public required JobState State { get; init; }

        public required string Message { get; init; }

        public string? ErrorCode { get; init; }

        public byte[]? Result { get; init; }

        public IReadOnlyList<SealedDelivery> Deliveries { get; init; } = [];

        public string Word => State switch
        {
            JobState.Completed => "completed",
            JobState.Failed => "failed",
            _ => "cancelled",
        };
    }
}
