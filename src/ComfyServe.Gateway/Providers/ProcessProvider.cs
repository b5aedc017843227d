using System.Globalization;
using System.Text.Json;
using ComfyServe.Hosting.Files;
using ComfyServe.Hosting.Supervision;

namespace ComfyServe.Gateway.Providers;

/// <summary>
/// Workers as processes on the gateway's machine, one for each slot. Each has a folder in which its state and its log are
/// kept; a gateway that was killed finds its workers again, one that ends takes them with it.
/// </summary>
internal sealed class ProcessProvider(GatewayOptions options, TimeProvider time) : IWorkerProvider, IAsyncDisposable
{
    private const string StateFile = "process.json";
    private const string NoProgram = "the gateway does not run in the program 'comfyserve': give the workergroup a 'command'";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly SemaphoreSlim _choosing = new(1, 1);

    /// <inheritdoc/>
    public string Name => "process";

    private string Folder => Path.GetFullPath(Path.Combine(options.DataDirectory, "workers"));

    /// <inheritdoc/>
    public int Slots(IReadOnlyDictionary<string, string> settings) => ProviderSettings.Count(settings, "slots", 1);

    /// <inheritdoc/>
    public IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings) =>
    [
        .. ProviderSettings.Unknown(settings, Name, "slots", "command"),
        .. ProviderSettings.WrongCount(settings, "slots", 1, 1024),
        .. ProviderSettings.WrongCommand(settings),
        .. settings.ContainsKey("command") || StackProgram(OwnProgram.Command) is not null ? [] : (string[])[NoProgram],
    ];

    /// <summary>The program that a workergroup without a <c>command</c> runs; null where the gateway is part of another program.</summary>
    /// <param name="own">How this program was started: itself, or <c>dotnet</c> and its file, as from a clone.</param>
    internal static IReadOnlyList<string>? StackProgram(IReadOnlyList<string> own) =>
        Path.GetFileNameWithoutExtension(own[^1]) == "comfyserve" ? [.. own, "stack"] : null;

    /// <inheritdoc/>
    public async Task StartAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        await _choosing.WaitAsync(cancellationToken);
        try
        {
            var folder = FolderOf(order.WorkerId);
            if (Read(folder)?.Process is { Runs: true })
            {
                return;
            }

            PrivateFiles.OwnFolder(folder);
            PrivateFiles.OwnFile(Path.Combine(folder, "worker.log"));
            var slot = FreeSlot(order);
            var variables = new Dictionary<string, string>(order.Variables)
            {
                ["WORKER_PORT"] = "0",
                ["COMFYSERVE_SLOT"] = slot.ToString(CultureInfo.InvariantCulture),
            };
            var process = ChildProcess.Start(Command(order), variables, folder, Path.Combine(folder, "worker.log"));
            Write(folder, new ProcessState { GroupId = order.GroupId, Slot = slot, Process = process });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            throw new ProviderFailedException($"worker {order.WorkerId} could not be started: {error.Message}", error);
        }
        finally
        {
            _choosing.Release();
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        var folder = FolderOf(order.WorkerId);
        if (Read(folder) is { Process: { } process } state)
        {
            await process.EndAsync(Patience, time, cancellationToken);
            Write(folder, state with { Process = null });
        }
    }

    /// <inheritdoc/>
    public async Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        await StopAsync(order, cancellationToken);
        var folder = FolderOf(order.WorkerId);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <inheritdoc/>
    public Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken) =>
        Task.FromResult(Read(FolderOf(order.WorkerId))?.Process is { Runs: true });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var ending = States().Where(s => s.State.Process is not null).Select(async s =>
        {
            await s.State.Process!.EndAsync(Patience, time, CancellationToken.None);
            Write(s.Folder, s.State with { Process = null });
        });
        await Task.WhenAll(ending);
        _choosing.Dispose();
    }

    private static IReadOnlyList<string> Command(WorkerOrder order)
    {
        var arguments = ProviderSettings.Arguments(order);
        if (order.Settings.TryGetValue("command", out var command))
        {
            return [.. ProviderSettings.Program(command), .. arguments];
        }

        return [.. StackProgram(OwnProgram.Command) ?? throw new ProviderFailedException(NoProgram), .. arguments];
    }

    // The lowest number that no other worker of the group runs in.
    private int FreeSlot(WorkerOrder order)
    {
        var taken = States().Where(s => s.State.GroupId == order.GroupId && s.State.Process is { Runs: true }).Select(s => s.State.Slot).ToHashSet();
        var slot = Enumerable.Range(0, taken.Count + 1).First(n => !taken.Contains(n));
        return slot < Slots(order.Settings)
            ? slot
            : throw new ProviderFailedException($"all {Slots(order.Settings)} slots of workergroup {order.GroupId} are taken; raise 'slots' of its provider settings");
    }

    private IEnumerable<(string Folder, ProcessState State)> States() => Directory.Exists(Folder)
        ? Directory.EnumerateDirectories(Folder).Select(f => (Folder: f, State: Read(f))).Where(s => s.State is not null).Select(s => (s.Folder, s.State!))
        : [];

    private string FolderOf(long workerId) => Path.Combine(Folder, workerId.ToString(CultureInfo.InvariantCulture));

    private static ProcessState? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, StateFile)), ProviderJson.Default.ProcessState);
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            return null;
        }
    }

    private static void Write(string folder, ProcessState state)
    {
        var file = Path.Combine(folder, StateFile);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(state, ProviderJson.Default.ProcessState));
        File.Move(file + ".new", file, overwrite: true);
    }
}
