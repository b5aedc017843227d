namespace ComfyServe.Jobs;

/// <summary>What names a job: ids belong to their owner, so that two owners may use the same one without learning of each other.</summary>
/// <param name="Owner">Whom the job belongs to; null where keys are not asked for. Never empty.</param>
/// <param name="Id">The id, unique for the owner.</param>
public readonly record struct JobKey(string? Owner, string Id)
{
    /// <summary>The owner's column: a unique index takes every NULL for another one.</summary>
    internal string OwnerText => Owner ?? "";

    /// <inheritdoc/>
    public override string ToString() => Id;
}
