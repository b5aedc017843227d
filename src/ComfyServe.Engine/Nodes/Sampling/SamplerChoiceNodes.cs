using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Engine.Nodes.Schema;

[assembly: NodeTypeFor(typeof(SamplerEntry), "SAMPLER")]

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>Nodes that choose how steps are taken.</summary>
/// <remarks>Noise always comes from the CPU's generator: <c>noise_device</c> makes no difference.</remarks>
[NodeFamily("comfy_extras.nodes_custom_sampler")]
internal static class SamplerChoiceNodes
{
    private const string Category = "sampling/custom_sampling/samplers";

    [Node("KSamplerSelect", Category = Category)]
    public static SamplerEntry Select([ChoicesFrom(nameof(Names))] string sampler_name) => SamplerCatalog.Get(sampler_name);

    [Node("SamplerEulerAncestral", Category = Category)]
    public static SamplerEntry EulerAncestral(
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise) =>
        new(new EulerAncestralSampler(eta, s_noise));

    [Node("SamplerEulerAncestralCFGPP", Display = "SamplerEulerAncestralCFG++", Category = Category)]
    public static SamplerEntry EulerAncestralCfgPlusPlus(
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01, Round = false)] double s_noise) =>
        new(new EulerCfgPlusPlusSampler(eta, s_noise));

    [Node("SamplerLMS", Category = Category)]
    public static SamplerEntry LinearMultistep([Input(Default = 4, Min = 1, Max = 100)] long order) => new(new LinearMultistepSampler((int)order));

    [Node("SamplerDPMAdaptative", Category = Category)]
    public static SamplerEntry DpmAdaptive(
        [Input(Default = 3, Min = 2, Max = 3)] long order,
        [Input(Default = 0.05, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double rtol,
        [Input(Default = 0.0078, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double atol,
        [Input(Default = 0.05, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double h_init,
        [Input(Default = 0.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double pcoeff,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double icoeff,
        [Input(Default = 0.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double dcoeff,
        [Input(Default = 0.81, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double accept_safety,
        [Input(Default = 0.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise) =>
        new(new DpmAdaptiveSampler(new DpmAdaptiveOptions
        {
            Order = (int)order,
            RelativeTolerance = rtol,
            AbsoluteTolerance = atol,
            FirstStep = h_init,
            Proportional = pcoeff,
            Integral = icoeff,
            Derivative = dcoeff,
            AcceptSafety = accept_safety,
            Eta = eta,
            NoiseScale = s_noise,
        }));

    [Node("SamplerDPMPP_2S_Ancestral", Category = Category)]
    public static SamplerEntry DpmPlusPlus2SAncestral(
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise) =>
        new(new DpmPlusPlus2SAncestralSampler(eta, s_noise));

    [Node("SamplerDPMPP_SDE", Category = Category)]
    public static SamplerEntry DpmPlusPlusSde(
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise,
        [Input(Default = 0.5, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double r,
        [Choices("gpu", "cpu")] string noise_device) =>
        new(new DpmPlusPlusSdeSampler(eta, s_noise, r), UsesBrownianPath: true);

    [Node("SamplerDPMPP_2M_SDE", Category = Category)]
    public static SamplerEntry DpmPlusPlus2MSde(
        [Choices("midpoint", "heun")] string solver_type,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise,
        [Choices("gpu", "cpu")] string noise_device) =>
        new(new DpmPlusPlus2MSdeSampler(solver_type == "heun", eta, s_noise), UsesBrownianPath: true);

    [Node("SamplerDPMPP_3M_SDE", Category = Category)]
    public static SamplerEntry DpmPlusPlus3MSde(
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise,
        [Choices("gpu", "cpu")] string noise_device) =>
        new(new DpmPlusPlus3MSdeSampler(eta, s_noise), UsesBrownianPath: true);

    [Node("SamplerER_SDE", Category = Category)]
    public static SamplerEntry ExtendedReverseSde(
        [Choices("ER-SDE", "Reverse-time SDE", "ODE"), Input(Type = "COMBO")] string solver_type,
        [Input(Default = 3, Min = 1, Max = 3)] long max_stage,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false, Tooltip = "Strength of the reverse-time SDE; 0 is the ODE.")] double eta,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double s_noise)
    {
        if (solver_type == "ER-SDE")
        {
            return new(new ExtendedReverseSdeSampler(noiseScale: s_noise, maxStage: (int)max_stage));
        }

        var strength = solver_type == "ODE" ? 0 : eta;
        return new(new ExtendedReverseSdeSampler(sigma => Math.Pow(sigma, strength + 1), strength == 0 ? 0 : s_noise, (int)max_stage));
    }

    private static IReadOnlyList<string> Names() => SamplerCatalog.Names;
}
