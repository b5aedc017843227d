namespace ComfyServe.Provisioning.Running;

/// <summary>One wish that is not a download.</summary>
internal interface IProvisioningStep
{
    /// <summary>What kind.</summary>
    string Phase { get; }

    /// <summary>Which.</summary>
    string Name { get; }

    /// <summary>Whether it is right already. Changes nothing.</summary>
    Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken);

    /// <summary>Does it; returns a remark or null.</summary>
    /// <exception cref="StepException">It failed.</exception>
    Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken);
}
