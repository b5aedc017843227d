namespace ComfyServe.Jobs.Storage;

/// <summary>A change that waits for its transaction.</summary>
internal abstract class LedgerChange
{
    /// <summary>Makes the change inside a transaction.</summary>
    public abstract Task ApplyAsync(LedgerSession session);

    /// <summary>The transaction is on disk.</summary>
    public abstract void Complete();

    /// <summary>The transaction failed.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>A change with an answer for its caller.</summary>
internal sealed class LedgerChange<T>(Func<LedgerSession, Task<T>> work) : LedgerChange
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _answer;

    /// <summary>Completes when the change is on disk.</summary>
    public Task<T> Done => _done.Task;

    /// <inheritdoc/>
    public override async Task ApplyAsync(LedgerSession session) => _answer = await work(session);

    /// <inheritdoc/>
    public override void Complete() => _done.TrySetResult(_answer!);

    /// <inheritdoc/>
    public override void Fail(Exception exception) => _done.TrySetException(exception);
}
