namespace ComfyServe.Api.Engines;

/// <summary>The right to one run on an engine, until disposed.</summary>
internal sealed class EngineLease(EnginePool pool, Engine engine) : IDisposable
{
    private int _released;

    /// <summary>The engine.</summary>
    public Engine Engine { get; } = engine;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            pool.Release(Engine);
        }
    }
}
