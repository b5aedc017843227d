namespace ComfyServe.Jobs.Deliveries;

/// <summary>Deliveries of one owner: those that are due, those to be claimed, or those under way.</summary>
/// <param name="Owner">The owner of their jobs; empty where there is none.</param>
/// <param name="Fresh">Those never tried.</param>
/// <param name="Retries">Those that failed before.</param>
public readonly record struct DeliveryLine(string Owner, int Fresh, int Retries)
{
    /// <summary>Both.</summary>
    public int Count => Fresh + Retries;
}
