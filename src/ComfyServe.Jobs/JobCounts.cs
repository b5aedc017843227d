namespace ComfyServe.Jobs;

/// <summary>How many jobs of a queue stand where.</summary>
/// <param name="Waiting">Nobody works on them.</param>
/// <param name="Leased">Somebody does.</param>
/// <param name="WaitingCost">Load units that wait.</param>
/// <param name="LeasedCost">Load units that are worked on.</param>
/// <param name="OldestWaiting">When the oldest waiting job was accepted.</param>
public sealed record JobCounts(int Waiting, int Leased, double WaitingCost, double LeasedCost, DateTimeOffset? OldestWaiting);
