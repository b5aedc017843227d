using System.Diagnostics;
using System.Globalization;

namespace ComfyServe.Gateway.Providers;

/// <summary>
/// Workers that any program makes: it is called with <c>start</c>, <c>stop</c>, <c>destroy</c> or <c>runs</c> and a worker's id, with the
/// worker's variables in its environment, without the account's key. Exit code 0 means done (for <c>runs</c>: it runs; 1: it does not), anything else failed,
/// with the reason on standard error.
/// </summary>
internal sealed class ScriptProvider(TimeProvider time) : IWorkerProvider
{
    private const int ShownError = 500;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public string Name => "script";

    /// <inheritdoc/>
    public int Slots(IReadOnlyDictionary<string, string> settings) => ProviderSettings.Count(settings, "slots", 16);

    /// <inheritdoc/>
    public IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings)
    {
        List<string> mistakes = [];
        if (!settings.TryGetValue("command", out var command) || CommandWords.Split(command) is not { Count: > 0 })
        {
            mistakes.Add("'provider_settings' of 'script' wants 'command': a program and its arguments");
        }
        else
        {
            mistakes.AddRange(ProviderSettings.WrongCommand(settings));
        }

        mistakes.AddRange(ProviderSettings.WrongCount(settings, "slots", 1, 10_000));
        return mistakes;
    }

    /// <inheritdoc/>
    public Task StartAsync(WorkerOrder order, CancellationToken cancellationToken) => CallAsync(order, "start", cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(WorkerOrder order, CancellationToken cancellationToken) => CallAsync(order, "stop", cancellationToken);

    /// <inheritdoc/>
    public Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken) => CallAsync(order, "destroy", cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        var (code, error) = await RunAsync(order, "runs", cancellationToken);
        return code switch
        {
            0 => true,
            1 => false,
            _ => throw Failed(order, "runs", code, error),
        };
    }

    private async Task CallAsync(WorkerOrder order, string action, CancellationToken cancellationToken)
    {
        var (code, error) = await RunAsync(order, action, cancellationToken);
        if (code != 0)
        {
            throw Failed(order, action, code, error);
        }
    }

    private async Task<(int Code, string Error)> RunAsync(WorkerOrder order, string action, CancellationToken cancellationToken)
    {
        List<string> words = [.. ProviderSettings.Program(order.Settings["command"]), action, order.WorkerId.ToString(CultureInfo.InvariantCulture), .. CommandWords.Split(order.LaunchArguments) ?? []];
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        ChildProcess.Withhold(start);
        foreach (var (name, value) in order.Variables)
        {
            start.Environment[name] = value;
        }

        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var error = process.StandardError.ReadToEndAsync(both.Token);
                var output = process.StandardOutput.ReadToEndAsync(both.Token);
                await process.WaitForExitAsync(both.Token);
                await output;
                return (process.ExitCode, (await error).Trim());
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new ProviderFailedException($"'{words[0]}' could not be started for worker {order.WorkerId}: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderFailedException($"'{words[0]} {action} {order.WorkerId}' did not end in {Limit.TotalMinutes:0} minutes", error);
        }
    }

    private static ProviderFailedException Failed(WorkerOrder order, string action, int code, string error) =>
        new($"'{order.Settings["command"]} {action} {order.WorkerId}' ended with {code}: {(error.Length > ShownError ? error[..ShownError] : error)}");
}
