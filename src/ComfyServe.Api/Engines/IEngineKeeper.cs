namespace ComfyServe.Api.Engines;

/// <summary>Who keeps engines running, where the service is told: it knows why one is away, and brings it back.</summary>
public interface IEngineKeeper
{
    /// <summary>Why an engine does not serve now although it will again, with the root cause; null while it serves, or where it is not kept here.</summary>
    /// <param name="engine">Its base URL.</param>
    string? WhyAway(string engine);

    /// <summary>How an engine ended last, in words that complete <c>it …</c>; null where it never did, or where it is not kept here.</summary>
    /// <param name="engine">Its base URL.</param>
    string? LastEnd(string engine);
}
