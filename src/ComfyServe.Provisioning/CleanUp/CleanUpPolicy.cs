namespace ComfyServe.Provisioning.CleanUp;

/// <summary>
/// Decides what goes when the disk is nearly full: files over the age, and only where a high mark is asked for also younger ones, the oldest first, until it is
/// reached; never what a job needs. Pure: no clock, no disk.
/// </summary>
public static class CleanUpPolicy
{
    /// <summary>The plan for one file system.</summary>
    public static CleanUpPlan Decide(DiskSnapshot disk, CleanUpRules rules)
    {
        if (disk.Free >= rules.LowMark)
        {
            return new CleanUpPlan([], disk.Free, Reached: true);
        }

        var cutoff = disk.Now - rules.MaxAge;
        var free = disk.Free;
        var deletions = new List<StoredFile>();
        foreach (var file in disk.Files.OrderBy(f => f.Modified).ThenBy(f => f.Kind).ThenBy(f => f.Path, StringComparer.Ordinal))
        {
            var isOld = file.Modified < cutoff;
            if (!isOld && (rules.HighMark is null || free >= rules.HighMark || disk.Live is null))
            {
                break;
            }

            if (disk.Live?.Protects(file) == true)
            {
                continue;
            }

            deletions.Add(file);
            free += file.Size;
        }

        return new CleanUpPlan(deletions, free, free >= rules.Target);
    }
}
