using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Jobs.Tests;

/// <summary>A ledger in a folder of its own, on a clock that the test moves.</summary>
internal sealed class LedgerHost : IAsyncDisposable
{
    private readonly LedgerOptions _options;

    private LedgerHost(LedgerOptions options) => _options = options;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));

    public JobLedger Ledger { get; private set; } = null!;

    public string Folder => _options.Folder;

    public static async Task<LedgerHost> OpenAsync(string? postgres)
    {
        var host = new LedgerHost(new() { Folder = Directory.CreateTempSubdirectory("comfyserve-ledger-").FullName, Postgres = postgres });
        await host.OpenAsync();
        return host;
    }

    public async Task ReopenAsync()
    {
        await Ledger.DisposeAsync();
        await OpenAsync();
    }

    /// <summary>Claims what is due, whoever's it is.</summary>
    public async Task<IReadOnlyList<Delivery>> ClaimDueAsync(int most, TimeSpan claim) => await Ledger.ClaimDeliveriesAsync(await Ledger.DueDeliveriesAsync(most), claim);

    public static NewJob Job(string id, string queue = "q") => new() { Id = id, Queue = queue, Payload = "payload of the job"u8.ToArray() };

    public static JobEnding Ending(JobState state = JobState.Completed, string message = "done") => new() { State = state, Message = message, Result = "result of the job"u8.ToArray() };

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        Directory.Delete(_options.Folder, recursive: true);
    }

    private async Task OpenAsync() => Ledger = await JobLedger.OpenAsync(_options, Time, NullLogger<JobLedger>.Instance);
}
