namespace ComfyServe.Gateway.Routing;

/// <summary>The gateway's milliseconds: they never go back and have nothing to do with the wall clock.</summary>
internal sealed class RoutingClock(TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();

    /// <summary>Milliseconds since the gateway started, from 1,000,000 so that none is near zero.</summary>
    public long Now => 1_000_000 + (long)time.GetElapsedTime(_began).TotalMilliseconds;
}
