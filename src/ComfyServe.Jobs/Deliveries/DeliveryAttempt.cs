namespace ComfyServe.Jobs.Deliveries;

/// <summary>One try of a delivery, for its log.</summary>
/// <param name="Attempt">Number, from 1.</param>
/// <param name="At">When.</param>
/// <param name="Status">Status of the answer, if there was one.</param>
/// <param name="Error">Why it failed, if it did.</param>
/// <param name="Duration">How long it took.</param>
public sealed record DeliveryAttempt(int Attempt, DateTimeOffset At, int? Status, string? Error, TimeSpan Duration);
