using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>Terminal states.</content>
public sealed partial class JobLedger
{
    /// <summary>Ends a job that the lease is held on, and queues its webhooks, in one transaction.</summary>
    public Task<FinishOutcome> FinishAsync(JobLease lease, JobEnding ending)
    {
        var sealedEnding = Seal(lease.Key, ending);
        return _writer.RunAsync(session => FinishAsync(session, lease, sealedEnding));
    }

    /// <summary>Ends a job whoever works on it, for example as cancelled; the holder's lease is lost with it.</summary>
    public Task<FinishOutcome> EndAsync(JobKey key, JobEnding ending)
    {
        var sealedEnding = Seal(key, ending);
        return _writer.RunAsync(session => FinishAsync(session, key, sealedEnding));
    }

    private async Task<FinishOutcome> FinishAsync(LedgerSession session, JobLease lease, SealedEnding ending)
    {
        var done = await FinishAsync(session, ending, "seq = @seq AND epoch = @epoch AND state = 1", c => c.With("@seq", lease.Seq).With("@epoch", lease.Epoch));
        return done ? FinishOutcome.Done : await WhyNotAsync(session, "seq = @seq", c => c.With("@seq", lease.Seq));
    }

    private async Task<FinishOutcome> FinishAsync(LedgerSession session, JobKey key, SealedEnding ending)
    {
        var done = await FinishAsync(session, ending, "owner = @owner AND id = @id AND state < 2", Named);
        return done ? FinishOutcome.Done : await WhyNotAsync(session, "owner = @owner AND id = @id", Named);

        LedgerCommand Named(LedgerCommand command) => command.With("@owner", key.OwnerText).With("@id", key.Id);
    }

    private async Task<bool> FinishAsync(LedgerSession session, SealedEnding ending, string fence, Func<LedgerCommand, LedgerCommand> fill)
    {
        var command = session.Command($"""
                UPDATE jobs SET state = @state, running = 0, finished = @now, holder = NULL, lease_expires = NULL, error_code = @code, message = @message, result = @result
                WHERE {fence} RETURNING seq, owner, id
                """)
            .With("@state", (long)ending.State).With("@now", Now()).With("@code", ending.ErrorCode).With("@message", ending.Message).With("@result", ending.Result);
        if (await fill(command).FirstAsync(static r => new Row(r.GetInt64(0), new(Owner(r, 1), r.GetString(2))), default) is not { } row)
        {
            return false;
        }

        await EndRunAsync(session, row.Seq, ending.Word);
        foreach (var delivery in ending.Deliveries)
        {
            await InsertAsync(session, row, delivery);
        }

        return true;
    }

    private static async Task<FinishOutcome> WhyNotAsync(LedgerSession session, string which, Func<LedgerCommand, LedgerCommand> fill)
    {
        var state = await fill(session.Command($"SELECT state FROM jobs WHERE {which}")).FirstAsync(static r => (object)(JobState)r.GetInt32(0), default);
        if (state is null)
        {
            return FinishOutcome.Unknown;
        }

        return JobTransitions.IsTerminal((JobState)state) ? FinishOutcome.AlreadyOver : FinishOutcome.LeaseLost;
    }

    private SealedEnding Seal(JobKey key, JobEnding ending)
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
            Result = ending.Result.IsEmpty ? null : Seal(ending.Result, key, ResultPart),
            Deliveries = [.. ending.Deliveries.Select(Seal)],
        };
    }

    /// <summary>A job's row and its name.</summary>
    private sealed record Row(long Seq, JobKey Key);

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
