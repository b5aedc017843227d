namespace ComfyServe.Gateway.Providers;

/// <summary>
/// Makes, starts and stops workers somewhere. Every call may come twice, after a crash of the gateway too: what is done
/// already is no error. A call that fails throws with a message that says what to do.
/// </summary>
internal interface IWorkerProvider
{
    /// <summary>Its name in a workergroup's <c>provider</c>.</summary>
    string Name { get; }

    /// <summary>Most workers of one workergroup with these settings; 0 if it makes none.</summary>
    int Slots(IReadOnlyDictionary<string, string> settings);

    /// <summary>All mistakes in a workergroup's settings.</summary>
    IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings);

    /// <summary>Makes the worker if it is not there, and starts it if it does not run.</summary>
    Task StartAsync(WorkerOrder order, CancellationToken cancellationToken);

    /// <summary>Stops the worker if it runs; what it has on disk stays.</summary>
    Task StopAsync(WorkerOrder order, CancellationToken cancellationToken);

    /// <summary>Stops the worker if it runs, and removes it.</summary>
    Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken);

    /// <summary>Whether it runs.</summary>
    Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken);
}
