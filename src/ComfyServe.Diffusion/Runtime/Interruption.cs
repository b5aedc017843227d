namespace ComfyServe.Diffusion.Runtime;

/// <summary>
/// Whether the work of this thread has been interrupted: like inference mode it belongs to the thread, so that what computes
/// for long (a layer of a network, a row of an image) can ask without a parameter through every layer.
/// </summary>
public static class Interruption
{
    [ThreadStatic]
    private static CancellationToken _token;

    /// <summary>Cancelled when the work of this thread is to end. Hand it to the threads that help.</summary>
    public static CancellationToken Token => _token;

    /// <summary>From now on <see cref="Check"/> looks at this token, on this thread, until the result is disposed of.</summary>
    public static Scope Enter(CancellationToken token)
    {
        var before = _token;
        _token = token;
        return new Scope(before);
    }

    /// <summary>Ends the work where it was interrupted. Costs nothing worth measuring: call it before each operation that may take long.</summary>
    /// <exception cref="OperationCanceledException">It was.</exception>
    public static void Check() => _token.ThrowIfCancellationRequested();

    /// <summary>Puts the token back that was there before.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly CancellationToken _before;

        internal Scope(CancellationToken before) => _before = before;

        /// <inheritdoc/>
        public void Dispose() => _token = _before;
    }
}
