using Microsoft.Extensions.Logging;

namespace ComfyServe.Provisioning.CleanUp;

/// <summary>Reads the folders, asks the services what they need, lets <see cref="CleanUpPolicy"/> decide, and deletes.</summary>
public sealed partial class Cleaner(IReadOnlyList<CleanUpFolder> folders, CleanUpRules rules, ServiceJobs jobs, Func<string, VolumeSpace> space, TimeProvider time, ILogger<Cleaner> logger)
{
    /// <summary>Sizes on disk are an estimate: look again after deleting, but not for ever.</summary>
    private const int Rounds = 3;

    /// <summary>Cleans all file systems that the folders are on.</summary>
    /// <param name="dryRun">Only tell what would go.</param>
    /// <param name="cancellationToken">Stops between files.</param>
    public async Task<CleanUpReport> RunAsync(bool dryRun, CancellationToken cancellationToken)
    {
        var report = new CleanUpReport { Free = long.MaxValue, Reached = true, JobsKnown = true };
        foreach (var disk in folders.Where(f => Directory.Exists(f.Path)).GroupBy(f => MountPoint.Of(f.Path)))
        {
            report = await CleanAsync([.. disk], report, dryRun, cancellationToken);
        }

        if (!dryRun && report.Deleted.Any(f => f.Kind != FileKind.CachedInput))
        {
            // Else an engine answers from its cache with files that are gone.
            await jobs.ForgetResultsAsync(cancellationToken);
        }

        return report;
    }

    private long Free(string folder) => space(folder).Free;

    private async Task<CleanUpReport> CleanAsync(IReadOnlyList<CleanUpFolder> disk, CleanUpReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var place = disk[0].Path;
        var reachable = rules.For(space(place).Total);
        if (Free(place) >= reachable.LowMark)
        {
            return report with { Free = Math.Min(report.Free, Free(place)) };
        }

        var deleted = new List<StoredFile>();
        for (var round = 1; ; round++)
        {
            // 1. Files before jobs: a job that begins in between makes files that are not in the list.
            StoredFile[] files = [.. disk.SelectMany(DiskScan.Files)];
            var live = await jobs.ReadAsync(cancellationToken);
            var plan = CleanUpPolicy.Decide(new DiskSnapshot(time.GetUtcNow(), Free(place), files, live), reachable);
            report = report with { JobsKnown = report.JobsKnown && live is not null };
            if (dryRun)
            {
                return report with { Deleted = [.. report.Deleted, .. plan.Deletions], Free = Math.Min(report.Free, plan.FreeAfter), Reached = report.Reached && plan.Reached };
            }

            // 2. Delete, and look whether it was enough.
            var before = deleted.Count;
            foreach (var file in plan.Deletions)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (DiskScan.Delete(file))
                {
                    deleted.Add(file);
                }
            }

            if (Free(place) >= reachable.Target || deleted.Count == before || round == Rounds)
            {
                break;
            }
        }

        // 3. What the files leave behind.
        var links = RemoveLinks(disk);
        var empty = disk.Sum(f => DiskScan.RemoveEmptyFolders(f.Path, time.GetUtcNow()));
        var free = Free(place);
        var reached = free >= reachable.Target;
        Tell(place, deleted, free, reachable);

        return report with
        {
            Deleted = [.. report.Deleted, .. deleted],
            DanglingLinks = report.DanglingLinks + links,
            EmptyFolders = report.EmptyFolders + empty,
            Free = Math.Min(report.Free, free),
            Reached = report.Reached && reached,
        };
    }

    private void Tell(string place, List<StoredFile> deleted, long free, CleanUpRules reachable)
    {
        if (deleted.Count > 0)
        {
            var young = deleted.Count(f => f.Modified >= time.GetUtcNow() - rules.MaxAge);
            Log.Cleaned(logger, place, deleted.Count, deleted.Sum(f => f.Size), young, rules.MaxAge.TotalHours, free);
        }

        if (free < reachable.Target)
        {
            Log.StillFull(logger, place, free, reachable.Target);
        }
    }

    private static int RemoveLinks(IReadOnlyList<CleanUpFolder> disk)
    {
        var removed = 0;
        foreach (var link in disk.Where(f => f.Kind != FileKind.CachedInput).SelectMany(f => DiskScan.DanglingLinks(f.Path)))
        {
            File.Delete(link);
            removed++;
        }

        return removed;
    }

    private static partial class Log
    {
        [LoggerMessage(7020, LogLevel.Information, "Cleaned '{Folder}': {Files} files of {Bytes} bytes deleted, {Young} of them younger than {Hours} h, {Free} bytes are free")]
        public static partial void Cleaned(ILogger logger, string folder, int files, long bytes, int young, double hours, long free);

        [LoggerMessage(7021, LogLevel.Warning, "'{Folder}' is still full: {Free} bytes are free, {Wanted} are wanted; the rest is young, needed by jobs, or not ours. CLEANUP_MAX_AGE_HOURS and CLEANUP_HIGH_MB let more go")]
        public static partial void StillFull(ILogger logger, string folder, long free, long wanted);
    }
}
