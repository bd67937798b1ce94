//! The macro that turns the table of networks into two enums: one of the configs and one of the networks.

/// From rows `"kind" => module::{Network, Config}` to [`ModelConfig`](super::ModelConfig) and [`Network`](super::Network).
macro_rules! networks {
    ($($(#[$about:meta])* $kind:literal => $module:ident::{$network:ident, $config:ident},)+) => {
        $(pub use $module::{$network, $config};)+

        /// Section `[model]`: the key `kind` chooses the network, the other keys are those of that network.
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(tag = "kind")]
        #[non_exhaustive]
        pub enum ModelConfig {
            $($(#[$about])* #[serde(rename = $kind)] $network($config),)+
        }

        /// The network of a config.
        #[derive(burn::module::Module, Debug)]
        #[allow(clippy::large_enum_variant, reason = "a program has one network or two")]
        #[non_exhaustive]
        pub enum Network {
            $($(#[$about])* $network($network),)+
        }

        impl ModelConfig {
            /// One config of every network, with every key.
            #[must_use]
            pub fn examples() -> Vec<Self> {
                vec![$(Self::$network(<$config as NetworkConfig>::example()),)+]
            }

            /// The name of the network, the value of `model.kind`.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$network(_) => $kind,)+ }
            }

            /// What the network does.
            #[must_use]
            pub fn task(&self) -> Task {
                match self { $(Self::$network(_) => <$config as NetworkConfig>::TASK,)+ }
            }

            /// Checks the section for a network whose first layer reads `channels_in` features of a point.
            pub(crate) fn validate(&self, channels_in: usize) -> Result<(), crate::check::ConfigError> {
                match self { $(Self::$network(config) => config.validate(channels_in),)+ }
            }

            /// The kernel of every convolution at the finest resolution that reads neighbours, in order.
            #[must_use]
            pub fn kernel_shapes(&self) -> Vec<pointconv::KernelShape> {
                match self { $(Self::$network(config) => NetworkConfig::kernel_shapes(config),)+ }
            }

            /// The resolutions after the finest one, from fine to coarse.
            #[must_use]
            pub fn coarser(&self) -> Vec<CoarseLevel> {
                match self { $(Self::$network(config) => config.coarser(),)+ }
            }

            /// The key whose value is computed from the training files if it is [`Auto`](crate::check::Scale::Auto).
            pub(crate) fn scale(&mut self) -> Option<&mut crate::check::Scale> {
                match self { $(Self::$network(config) => config.scale(),)+ }
            }

            /// Makes the network.
            #[must_use]
            pub fn init(&self, spec: &NetworkSpec, device: &burn::tensor::Device) -> Network {
                match self { $(Self::$network(config) => Network::$network(config.init(spec, device)),)+ }
            }

            /// Memory for the activations.
            #[must_use]
            pub fn activations(&self, spec: &NetworkSpec) -> Activations {
                match self { $(Self::$network(config) => config.activations(spec),)+ }
            }

            /// How neighbours are found.
            #[must_use]
            pub fn search(&self) -> SearchKind {
                match self { $(Self::$network(config) => NetworkConfig::search(config),)+ }
            }

            /// The key that sets the size of the kernels.
            pub(crate) fn kernel_key(&self) -> &'static str {
                match self { $(Self::$network(config) => config.kernel_key(),)+ }
            }

            /// How many networks are trained together.
            #[must_use]
            pub fn ensemble(&self) -> usize {
                match self { $(Self::$network(config) => config.ensemble(),)+ }
            }

            /// Whether the weights depend on the order of the points in a cloud.
            #[must_use]
            pub fn needs_order(&self) -> bool {
                match self { $(Self::$network(config) => config.needs_order(),)+ }
            }

            /// Number of learnable weights.
            #[must_use]
            pub fn parameters(&self, spec: &NetworkSpec) -> u64 {
                match self { $(Self::$network(config) => config.parameters(spec),)+ }
            }
        }

        impl Network {
            /// The logits of every cloud `[B, classes]`, or of every point `[P, classes]`. Those of an ensemble give the mean of
            /// the probabilities of its networks.
            ///
            /// # Panics
            /// When the batch was made for another network.
            #[must_use]
            pub fn logits(&self, input: &NetworkInput) -> burn::tensor::Tensor<2> {
                ensemble::mean_of_members(self.member_logits(input))
            }

            /// As [`logits`](Self::logits), for each network of an ensemble.
            pub(crate) fn member_logits(&self, input: &NetworkInput) -> Vec<burn::tensor::Tensor<2>> {
                match self { $(Self::$network(network) => ensemble::member_logits(network, input),)+ }
            }

            /// The output of every layer with its name.
            pub(crate) fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, burn::tensor::Tensor<2>)> {
                match self { $(Self::$network(network) => ensemble::member_outputs(network, input),)+ }
            }
        }
    };
}

pub(super) use networks;
