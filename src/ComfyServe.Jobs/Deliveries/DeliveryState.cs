namespace ComfyServe.Jobs.Deliveries;

/// <summary>Where a delivery stands.</summary>
public enum DeliveryState
{
    /// <summary>To be tried, or tried again.</summary>
    Pending = 0,

    /// <summary>The receiver took it.</summary>
    Delivered = 1,

    /// <summary>Given up; it can be asked for again by hand.</summary>
    Dead = 2,
}
