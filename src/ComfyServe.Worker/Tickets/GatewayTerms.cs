namespace ComfyServe.Worker.Tickets;

/// <summary>What the gateway told in its answers to reports: its clock, and whether its tickets carry grants. Thread-safe.</summary>
internal sealed class GatewayTerms(TimeProvider time)
{
    // Written by the report loop, read by requests.
    private long _offset;
    private volatile bool _grants;

    /// <summary>Tickets without a grant are to be refused.</summary>
    public bool GivesGrants => _grants;

    /// <summary>The gateway's clock, Unix milliseconds; this machine's until the gateway told it.</summary>
    public long Now => time.GetUtcNow().ToUnixTimeMilliseconds() + Volatile.Read(ref _offset);

    /// <summary>The gateway gives grants. It does not take that back: leaving the grant out must gain nothing.</summary>
    public void RequireGrants() => _grants = true;

    /// <summary>The gateway told its clock in an answer that took from <paramref name="asked"/> until now.</summary>
    public void Clock(long gatewayNow, DateTimeOffset asked)
    {
        if (gatewayNow > 0)
        {
            var middle = asked + ((time.GetUtcNow() - asked) / 2);
            Volatile.Write(ref _offset, gatewayNow - middle.ToUnixTimeMilliseconds());
        }
    }
}
