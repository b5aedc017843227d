using System.Text.Json.Nodes;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>Tells of a job's webhooks as both services answer.</summary>
public static class DeliveryLog
{
    /// <summary><c>{"deliveries": [{id, state, created, next, attempts: […]}]}</c>, each with every try.</summary>
    public static async Task<JsonObject> DescribeAsync(JobLedger ledger, JobKey job, CancellationToken cancellationToken)
    {
        var list = new JsonArray();
        foreach (var delivery in await ledger.DeliveriesAsync(job, cancellationToken))
        {
            var tries = (await ledger.DeliveryLogAsync(delivery.Id, cancellationToken)).Select(static t => (JsonNode)new JsonObject
            {
                ["attempt"] = t.Attempt,
                ["at"] = t.At.UtcDateTime.ToString("O"),
                ["status"] = t.Status,
                ["error"] = t.Error,
                ["duration_ms"] = (long)t.Duration.TotalMilliseconds,
            });
            list.Add((JsonNode)new JsonObject
            {
                ["id"] = delivery.Id,
                ["state"] = delivery.State.ToString().ToLowerInvariant(),
                ["created"] = delivery.Created.UtcDateTime.ToString("O"),
                ["next"] = delivery.State == DeliveryState.Pending ? delivery.Next.UtcDateTime.ToString("O") : null,
                ["attempts"] = new JsonArray([.. tries]),
            });
        }

        return new JsonObject { ["deliveries"] = list };
    }
}
