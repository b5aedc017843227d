using System.Data.Common;
using ComfyServe.Jobs.Deliveries;
using ComfyServe.Jobs.Storage;

namespace ComfyServe.Jobs;

/// <content>The outbox of webhooks.</content>
public sealed partial class JobLedger
{
    private const string DeliveryColumns = "id, owner, job_id, state, attempts, created, next_at, last_status, last_error";

    /// <summary>Owners whose lines are looked at in one turn.</summary>
    private const int MostOwners = 10_000;

    /// <summary>Only the present job of a key has a row to belong to.</summary>
    private const string OfJob = "job_seq = (SELECT seq FROM jobs WHERE owner = @owner AND id = @id)";

    /// <summary>Whether a delivery failed before; an index has the same words.</summary>
    private const string Retried = "(CASE WHEN attempts = 0 THEN 0 ELSE 1 END)";

    /// <summary>The owners that have deliveries due, with how many.</summary>
    /// <param name="most">Those of an owner are counted so far.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<IReadOnlyList<DeliveryLine>> DueDeliveriesAsync(int most, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        string Due(int retried) => $"(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE state = 0 AND deliveries.owner = line.owner AND {Retried} = {retried} AND next_at <= @now LIMIT @most) AS due)";

        // From owner to owner through the index: however many one has, the others are found as fast.
        var lines = await session.Command($"""
                WITH RECURSIVE line(owner) AS (
                    SELECT MIN(owner) FROM deliveries WHERE state = 0
                    UNION ALL
                    SELECT (SELECT MIN(deliveries.owner) FROM deliveries WHERE state = 0 AND deliveries.owner > line.owner) FROM line WHERE line.owner IS NOT NULL)
                SELECT owner, {Due(0)}, {Due(1)} FROM line WHERE owner IS NOT NULL LIMIT {MostOwners}
                """)
            .With("@now", Now()).With("@most", most)
            .AllAsync(static r => new Due(new(r.GetString(0), (int)r.GetInt64(1), (int)r.GetInt64(2))), cancellationToken);
        return [.. lines.Select(static l => l.Line).Where(static l => l.Count > 0)];
    }

    /// <summary>Claims deliveries that are due: nobody else gets them until <paramref name="claim"/> has passed.</summary>
    /// <param name="turns">How many of whom, at most.</param>
    /// <param name="claim">From now.</param>
    public async Task<IReadOnlyList<Delivery>> ClaimDeliveriesAsync(IReadOnlyList<DeliveryLine> turns, TimeSpan claim)
    {
        var claimed = await _writer.RunAsync(async session =>
        {
            var (now, all) = (Now(), new List<Delivery>());
            var skip = session.IsPostgres ? " FOR UPDATE SKIP LOCKED" : "";
            foreach (var (owner, retried, count) in turns.SelectMany(static t => new[] { (t.Owner, 0, t.Fresh), (t.Owner, 1, t.Retries) }).Where(static t => t.Item3 > 0))
            {
                all.AddRange(await session.Command($"""
                        UPDATE deliveries SET next_at = @until WHERE id IN (
                            SELECT id FROM deliveries WHERE state = 0 AND owner = @owner AND {Retried} = {retried} AND next_at <= @now ORDER BY next_at LIMIT @limit{skip})
                        RETURNING {DeliveryColumns}, target, body
                        """)
                    .With("@until", now + (long)claim.TotalMilliseconds).With("@now", now).With("@owner", owner).With("@limit", count)
                    .AllAsync(static r => ReadDelivery(r) with { Target = Bytes(r, 9), Body = Bytes(r, 10) }, default));
            }

            return all;
        });
        return [.. claimed.Select(Open)];
    }

    /// <summary>Keeps claims for as long again, or gives them back.</summary>
    /// <param name="ids">Deliveries that were claimed and not recorded yet.</param>
    /// <param name="claim">From now; zero lets anybody have them at once.</param>
    public Task<int> ExtendClaimsAsync(IReadOnlyList<string> ids, TimeSpan claim) => _writer.RunAsync(async session =>
    {
        var extended = 0;
        foreach (var id in ids)
        {
            extended += await session.Command("UPDATE deliveries SET next_at = @until WHERE id = @id AND state = 0")
                .With("@until", Now() + (long)claim.TotalMilliseconds).With("@id", id).ExecuteAsync(default);
        }

        return extended;
    });

    /// <summary>When the next delivery becomes due that is not yet, or null when there is none.</summary>
    public async Task<DateTimeOffset?> NextDeliveryAsync(CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        var next = await session.Command("SELECT MIN(next_at) FROM deliveries WHERE state = 0 AND next_at > @now").With("@now", Now())
            .FirstAsync(static r => new At(Time(r, 0)), cancellationToken);
        return next?.Value;
    }

    /// <summary>Writes down a try and what follows from it.</summary>
    /// <param name="id">The delivery.</param>
    /// <param name="attempt">The try.</param>
    /// <param name="next">When to try again; null together with an error gives up.</param>
    public Task<bool> RecordDeliveryAsync(string id, DeliveryAttempt attempt, DateTimeOffset? next) => _writer.RunAsync(async session =>
    {
        var state = attempt.Error is null ? DeliveryState.Delivered : DeliveryState.Pending;
        if (attempt.Error is not null && next is null)
        {
            state = DeliveryState.Dead;
        }

        var at = attempt.At.ToUnixTimeMilliseconds();
        var changed = await session.Command("""
                UPDATE deliveries SET state = @state, attempts = @attempt, next_at = @next, last_status = @status, last_error = @error WHERE id = @id
                """)
            .With("@state", (long)state).With("@attempt", attempt.Attempt).With("@next", next?.ToUnixTimeMilliseconds() ?? at)
            .With("@status", attempt.Status).With("@error", attempt.Error).With("@id", id).ExecuteAsync(default);
        if (changed == 0)
        {
            return false;
        }

        await session.Command("""
                INSERT INTO delivery_log (delivery_id, attempt, at, status, error, duration_ms) VALUES (@id, @attempt, @at, @status, @error, @duration)
                ON CONFLICT (delivery_id, attempt) DO NOTHING
                """)
            .With("@id", id).With("@attempt", attempt.Attempt).With("@at", at).With("@status", attempt.Status).With("@error", attempt.Error)
            .With("@duration", (long)attempt.Duration.TotalMilliseconds).ExecuteAsync(default);
        if (state != DeliveryState.Pending)
        {
            await ForgetOrphanAsync(session, id);
        }

        return true;
    });

    /// <summary>Has the deliveries about a job tried again now, whatever their state; tells how many there are.</summary>
    public Task<int> RedeliverAsync(JobKey job) => _writer.RunAsync(session =>
        session.Command($"UPDATE deliveries SET state = 0, next_at = @now WHERE {OfJob}")
            .With("@now", Now()).With("@owner", job.OwnerText).With("@id", job.Id).ExecuteAsync(default));

    /// <summary>The deliveries about a job, without targets and bodies; those about one that it replaced are not among them.</summary>
    public async Task<IReadOnlyList<Delivery>> DeliveriesAsync(JobKey job, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.Command($"SELECT {DeliveryColumns} FROM deliveries WHERE {OfJob} ORDER BY created, id")
            .With("@owner", job.OwnerText).With("@id", job.Id).AllAsync(ReadDelivery, cancellationToken);
    }

    /// <summary>The tries of a delivery.</summary>
    public async Task<IReadOnlyList<DeliveryAttempt>> DeliveryLogAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.Command("SELECT attempt, at, status, error, duration_ms FROM delivery_log WHERE delivery_id = @id ORDER BY attempt").With("@id", id)
            .AllAsync(static r => new DeliveryAttempt((int)r.GetInt64(0), Time(r, 1)!.Value, Number(r, 2), Text(r, 3), TimeSpan.FromMilliseconds(r.GetInt64(4))), cancellationToken);
    }

    private Task<int> InsertAsync(LedgerSession session, Row job, SealedDelivery delivery) =>
        session.Command("""
                INSERT INTO deliveries (id, job_seq, owner, job_id, state, attempts, created, next_at, target, body)
                VALUES (@id, @job_seq, @owner, @job_id, 0, 0, @now, @now, @target, @body)
                ON CONFLICT (id) DO NOTHING
                """)
            .With("@id", delivery.Id).With("@job_seq", job.Seq).With("@owner", job.Key.OwnerText).With("@job_id", job.Key.Id).With("@now", Now()).With("@target", delivery.Target).With("@body", delivery.Body).ExecuteAsync(default);

    /// <summary>A delivery about a job that was replaced meanwhile has been kept for this try only.</summary>
    private static async Task ForgetOrphanAsync(LedgerSession session, string id)
    {
        if (await session.Command("DELETE FROM deliveries WHERE id = @id AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.seq = deliveries.job_seq)").With("@id", id).ExecuteAsync(default) > 0)
        {
            await session.Command("DELETE FROM delivery_log WHERE delivery_id = @id").With("@id", id).ExecuteAsync(default);
        }
    }

    private SealedDelivery Seal(NewDelivery delivery) =>
        new(delivery.Id, _sealer.Seal(delivery.Target.Span, TargetOf(delivery.Id)), _sealer.Seal(delivery.Body.Span, BodyOf(delivery.Id)));

    private Delivery Open(Delivery delivery) => delivery with
    {
        Target = _sealer.Open(delivery.Target.Span, TargetOf(delivery.Id)),
        Body = _sealer.Open(delivery.Body.Span, BodyOf(delivery.Id)),
    };

    private static string TargetOf(string id) => $"delivery/{id}/target";

    private static string BodyOf(string id) => $"delivery/{id}/body";

    private static Delivery ReadDelivery(DbDataReader r) => new()
    {
        Id = r.GetString(0),
        Job = new(Owner(r, 1), r.GetString(2)),
        State = (DeliveryState)r.GetInt32(3),
        Attempts = (int)r.GetInt64(4),
        Created = Time(r, 5)!.Value,
        Next = Time(r, 6)!.Value,
        LastStatus = Number(r, 7),
        LastError = Text(r, 8),
    };

    private sealed record SealedDelivery(string Id, byte[] Target, byte[] Body);

    private sealed record Due(DeliveryLine Line);

    private sealed record At(DateTimeOffset? Value);
}
