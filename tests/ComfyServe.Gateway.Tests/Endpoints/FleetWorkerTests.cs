using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Storage;
using CsCheck;

namespace ComfyServe.Gateway.Tests.Endpoints;

public sealed class FleetWorkerTests
{
    private static readonly Gen<WorkerStatus> Original = Gen.Select(Gen.Bool, Gen.Double[0, 500], static (ready, load) => Status(ready, load, null));

    private static readonly Gen<WorkerStatus> Ours = Gen.Select(
        Gen.Bool, Gen.Double[0, 500], Gen.Int[1, 3], Gen.Int[0, 2].Select(static i => i == 0 ? (bool?)null : i == 1), Gen.Int[-1, 2].Select(static i => i < 0 ? (double?)null : 5 * i), Gen.Int[0, 4].Select(static i => i == 0 ? (int?)null : i),
        static (ready, load, boot, draining, limit, parallel) => Status(ready, load, new WorkerStatusExtension
        {
            BootId = $"boot-{boot}",
            Draining = draining,
            MaxQueueTime = limit,
            ParallelRequests = parallel,
        }));

    [Fact]
    public void Report_OursThenTheOriginals_OriginalGetsRequests()
    {
        var worker = New();
        worker.Report(Status(true, 0, new WorkerStatusExtension { BootId = "a", Sequence = 1, Draining = true, MaxQueueTime = 10, ParallelRequests = 4 }), 1, 1);

        worker.Report(Status(true, 0, null), 2, 2);

        Assert.True(worker.IsOpen(20), "silent for 18 s is the original's rhythm");
        Assert.False(worker.IsOpen(33));
        Assert.False(worker.Perf.Parallel);
        Assert.Equal(double.PositiveInfinity, worker.QueueLimit);
    }

    [Fact]
    public void Report_AnySequenceOfSenders_LastOneTellsAll() => Gen.Frequency((1, Original), (1, Ours)).Array[1, 12].Sample(static reports =>
    {
        var (worker, now, last, heard) = (New(), 0.0, default(WorkerStatus), 0.0);
        foreach (var report in reports)
        {
            now++;
            var sent = report.Extension is { } e ? report with { Extension = e with { Sequence = (long)now } } : report;
            (last, heard) = worker.Report(sent, now, now) ? (sent, now) : (last, heard);
        }

        var fresh = New();
        fresh.Report(last!, heard, heard);
        Assert.Equal(
            (fresh.Ours, fresh.SaysDraining, fresh.QueueLimit, fresh.Perf.Parallel, fresh.Load, fresh.IsAlive(heard + 10)),
            (worker.Ours, worker.SaysDraining, worker.QueueLimit, worker.Perf.Parallel, worker.Load, worker.IsAlive(heard + 10)));
        Assert.Equal(last!.Extension?.Draining != true && worker.Phase == WorkerPhase.Idle, worker.IsOpen(heard));
    }, iter: 2_000);

    private static FleetWorker New() => new(new WorkerRow { Id = 1, EndpointId = 1, Phase = "Created" }, new LivenessLimits(), 0);

    private static WorkerStatus Status(bool ready, double load, WorkerStatusExtension? extension) => new()
    {
        Id = 1,
        Url = "http://127.0.0.1:1",
        Loadtime = ready ? 5 : 0,
        MaxPerf = ready ? 100 : 0,
        CurLoad = load,
        Extension = extension,
    };
}
